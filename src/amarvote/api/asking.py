"""How a request is read: bodies are bounded before they are read, bearers are known before large ones are."""

from collections.abc import Callable, Coroutine, Hashable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, HTTPException, Path, Query, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, BeforeValidator, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from amarvote.api.problems import mistakes
from amarvote.api.together import Together
from amarvote.elections import remote
from amarvote.elections.bearers import LONGEST_TOKEN, Bearer, require
from amarvote.elections.errors import Unauthorized, Unprocessable
from amarvote.elections.limits import Limit
from amarvote.elections.paging import MOST
from amarvote.elections.service import Service, patiently
from amarvote.elections.services import Services
from amarvote.elections.tokens import DEVICE, GUARDIAN, OFFICER, OPERATOR, SIGNER, token_hash
from amarvote.elections.values import LARGEST_NUMBER, strict_json

SMALL = 64 << 10
"""Bytes of a body that is nobody's ballot, roll, manifest or mail."""

FAILED_TOKENS = Limit("failed", rate=1.0, burst=30, what="requests without a good token")

READS = Limit("reads", rate=50.0, burst=500, what="requests")
"""From an address, of what anybody may ask and is counted anew each time; a process counts by itself."""

Result = TypeVar("Result")
Asked = TypeVar("Asked")
Done = TypeVar("Done")
Model = TypeVar("Model", bound=BaseModel)


async def ask(use_case: Callable[..., Result], *arguments: Any) -> Result:
    """Do this in a thread; what the database did not do is asked again some times."""
    return await run_in_threadpool(patiently, use_case, *arguments)


async def together(
    request: Request, of: Hashable, asked: Asked, do: Callable[[Sequence[Asked]], Sequence[Done | Exception]]
) -> Done:
    """Have it done in one go for all who ask at the time; `of` says what, see `Together.ask`."""
    meeting: Together = request.app.state.together
    return await meeting.ask(of, asked, do)


# ---- bodies


async def read_body(request: Request, most: int) -> bytes:
    """The body, of at most `most` bytes; 413 before the rest is read."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > most:
        raise HTTPException(413, f"The body has more than {most} bytes.")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise HTTPException(413, f"The body has more than {most} bytes.")
        parts.append(part)
    return b"".join(parts)


class _BoundedRequest(Request):
    async def body(self) -> bytes:
        """As the framework asks for it: never more than SMALL."""
        if not hasattr(self, "_body"):
            self._body = await read_body(self, SMALL)
        return self._body

    async def json(self) -> Any:
        """Strictly: no member twice, no number that is none."""
        try:
            return strict_json(await self.body())
        except Unprocessable as problem:
            raise HTTPException(422, str(problem)) from None  # the framework lets no other exception through


class BoundedRoute(APIRoute):
    """A route whose JSON body is bounded before it is read; what it orders shows in the progress at once."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, with a request that has bounds."""
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            answer = await handle(_BoundedRequest(request.scope, request.receive))
            if request.method == "POST" and "election" in request.path_params:
                request.app.state.recent.forget(request.path_params["election"])
            return answer

        return bounded


class PlainRoute(APIRoute):
    """A route whose endpoint is given the request and nothing else, and reads and bounds its own parts of it.

    What the framework does around that, dependencies and bounds, is left out: it would take a third of the time of
    a ballot.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the framework calls it for an address that is this route's."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)  # says which would do
            return
        answer = await self.endpoint(Request(scope, receive))
        await answer(scope, receive, send)


async def large_json(request: Request, model: type[Model], most: int) -> Model:
    """A large body as `model`, read once its bearer is known; Unprocessable where it is something else."""
    body = await read_body(request, most)

    def read() -> Model:
        try:
            return model.model_validate(strict_json(body))
        except ValidationError as problem:
            raise Unprocessable(mistakes(problem)) from None

    return await run_in_threadpool(read)


# ---- whom and what


def services_of(request: Request) -> Services:
    """What this process holds."""
    services: Services = request.app.state.services
    return services


def address_of(request: Request) -> str:
    """Where the request comes from; all of a local socket are one."""
    return request.client.host if request.client is not None and request.client.host else "local"


async def _election(
    request: Request,
    election: Annotated[str, Path(max_length=64, examples=["0c" * 16], description="The election's identifier.")],
) -> Service:
    services = services_of(request)
    kept = services.kept(election)
    if kept is not None:
        return kept
    return await together(request, ("election", election), election, services.open_for_all)


AnElection = Annotated[Service, Depends(_election)]
"""The election of the path."""


def _in_digits(value: Any) -> Any:
    """A number in an address has one written form: "1.0" and " 1" are other texts."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("is not a number in digits")
    return value


InDigits = Annotated[int, BeforeValidator(_in_digits)]

After = Annotated[InDigits, Query(ge=0, le=2**53, description="`next` of the page before.")]
AtMost = Annotated[InDigits, Query(ge=1, le=MOST, description="Entries of the page.")]
Numbered = Annotated[InDigits, Path(ge=0, le=LARGEST_NUMBER)]


async def limit(request: Request, of: Limit, who: str) -> None:
    """Spend one of what `who` may do; TooMany where nothing is left."""
    limits = services_of(request).limits
    if not limits.has_left(of, who):
        # who finds nothing left while somebody bites off some waits for that: one at a time changes the row
        await together(request, (of, who), (of, who), limits.take_all)


async def _reading(request: Request) -> None:
    services_of(request).limits.spend_here(READS, address_of(request))


READING = Depends(_reading)
"""The dependency that bounds how often an address asks for what costs."""


async def bearer_of(request: Request, credentials: HTTPAuthorizationCredentials | None) -> Bearer | None:
    """Whose token the request carries; None where it is nobody's. Unauthorized without any."""
    if credentials is None or not 0 < len(credentials.credentials) <= LONGEST_TOKEN:
        raise Unauthorized("Send the token that you were given: Authorization: Bearer TOKEN.")
    bearers = services_of(request).bearers
    hashed = token_hash(credentials.credentials)
    # each on its own would need a connection, and a device's token is forgotten amid all its ballots
    return bearers.known(hashed) or await together(request, "bearers", hashed, bearers.find_all)


async def stranger(request: Request) -> Unauthorized:
    """What somebody with an unknown token is told; too many of them from one address are TooMany."""
    await limit(request, FAILED_TOKENS, address_of(request))
    return Unauthorized("This token is not known here, has expired, or was revoked.")


def _scheme(role: str, description: str) -> HTTPBearer:
    return HTTPBearer(scheme_name=role, description=description, auto_error=False)


def _only(role: str, scheme: HTTPBearer, *, in_election: bool = True) -> Callable[..., Coroutine[Any, Any, int]]:
    """The dependency that lets only this role in; its value is the bearer's number."""

    async def number(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(scheme)]
    ) -> int:
        bearer = await bearer_of(request, credentials)
        if bearer is None:
            raise await stranger(request)
        return require(bearer, role, request.path_params["election"] if in_election else None)

    return number


_DEVICE_SCHEME = _scheme(DEVICE, "A voting device's token of the election.")
VOTER_SCHEME = _scheme("voter", "A remote voter's vote token, in hex: good for one ballot.")

ASKED_BY_VOTERS: dict[str, Any] = {
    "parameters": [
        {
            "name": "election",
            "in": "path",
            "required": True,
            "description": "The election's identifier.",
            "schema": {"type": "string", "maxLength": 64, "examples": ["0c" * 16]},
        }
    ],
    "security": [{DEVICE: []}, {VOTER_SCHEME.scheme_name: []}],
}
"""What the document says of a request that `election_of` and `voter_of` read."""


async def election_of(request: Request) -> Service:
    """The election of the path, where the framework's dependencies are left out."""
    return await _election(request, request.path_params["election"])


async def voter_of(request: Request, election: Service) -> int | bytes:
    """Who hands in a ballot: the number of a device, or a remote voter's vote token."""
    credentials = await _DEVICE_SCHEME(request)
    bearer = await bearer_of(request, credentials)
    if bearer is not None:
        return require(bearer, DEVICE, election.election_id)
    vote_token = None if credentials is None else await ask(remote.token_of, election, credentials.credentials)
    if vote_token is None:
        raise await stranger(request)
    return vote_token


AnOfficer = Annotated[int, Depends(_only(OFFICER, _scheme(OFFICER, "The officer's token of the election.")))]
AGuardian = Annotated[int, Depends(_only(GUARDIAN, _scheme(GUARDIAN, "A guardian's token of the election.")))]
ADevice = Annotated[int, Depends(_only(DEVICE, _DEVICE_SCHEME))]
ASigner = Annotated[int, Depends(_only(SIGNER, _scheme(SIGNER, "The token of the signer of the board.")))]
AnOperator = Annotated[
    int,
    Depends(
        _only(OPERATOR, _scheme(OPERATOR, "The operator's token (`amarvote token operator`)."), in_election=False)
    ),
]
