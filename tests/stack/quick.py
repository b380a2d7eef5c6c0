"""`amarvote`, whose guardians look at the service as often over TLS as on a laptop: nobody waits for them."""

from amarvote.cli.main import main
from amarvote.guardian import agent, mail

if __name__ == "__main__":
    agent.AFAR = 1
    mail.LONGEST_LOOK_AFAR = mail.LONGEST_LOOK
    main()
