"""What dashboards are made of: numbers, bars, graphs, a time line; with queries and a unit, some with a limit."""

from typing import TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    FieldColorModeId,
    Panel,
    Threshold,
    ThresholdsMode,
)

SOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")
TAG = "amarvote"
GREEN, RED, BLUE = "green", "red", "blue"
NOTHING = "–"
"""Shown where nobody says anything: that is not a zero."""

Query = tuple[str, str]
"""An expression, and how its series are called."""

Limit = dashboard.ThresholdsConfig
Any_ = TypeVar("Any_", stat.Panel, bargauge.Panel, timeseries.Panel, statetimeline.Panel)


def up_to(limit: float) -> Limit:
    """Good below the limit."""
    return _limit(GREEN, limit, RED)


def from_(limit: float) -> Limit:
    """Good from the limit on."""
    return _limit(RED, limit, GREEN)


def quantile(share: float, histogram: str, by: str = "", where: str = "") -> str:
    """Below which value this share of a histogram's last ten minutes lies."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({histogram}_bucket{where}[10m])))"


def number(
    title: str, about: str, expression: str, unit: str = "short", good: Limit | None = None
) -> Builder[Panel]:
    """One number, as it is now, over a graph of how it was."""
    panel = stat.Panel().with_target(_query("A", (expression, ""))).graph_mode(options.BigValueGraphMode.AREA)
    panel = panel.color_scheme(_color(BLUE)) if good is None else panel.thresholds(good)
    panel = panel.reduce_options(_last()).no_value(NOTHING)
    return _placed(panel, title, about, unit, width=4, height=4)


def bars(title: str, about: str, query: Query) -> Builder[Panel]:
    """How much of each series' whole there is now, as a bar."""
    panel = bargauge.Panel().with_target(_query("A", query, instant=True)).min(0).max(1).no_value(NOTHING)
    panel = panel.orientation(options.VizOrientation.HORIZONTAL).color_scheme(_color(BLUE)).reduce_options(_last())
    return _placed(panel, title, about, "percentunit")


def graph(
    title: str, about: str, *queries: Query, unit: str = "short", good: Limit | None = None
) -> Builder[Panel]:
    """Lines over time, from zero; the limit is a dashed one."""
    legend = common.VizLegendOptions().display_mode(options.LegendDisplayMode.TABLE).show_legend(True)
    legend = legend.placement(options.LegendPlacement.BOTTOM).calcs(["lastNotNull", "max"])
    panel = timeseries.Panel().min(0).line_width(1).show_points(options.VisibilityMode.NEVER).legend(legend)
    panel = panel.tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI))
    for name, query in zip("ABC", queries, strict=False):
        panel = panel.with_target(_query(name, query))
    if good is not None:
        style = common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds(good).thresholds_style(style)
    return _placed(panel, title, about, unit)


def line(title: str, about: str, query: Query) -> Builder[Panel]:
    """When something was so."""
    panel = statetimeline.Panel().with_target(_query("A", query)).color_scheme(_color(RED))
    panel = panel.show_value(options.VisibilityMode.NEVER).line_width(0).fill_opacity(70).no_value(NOTHING)
    return _placed(panel, title, about, "short")


def board(name: str, title: str, about: str, *panels: Builder[Panel]) -> Dashboard:
    """A dashboard of panels in their order. It cannot be edited in Grafana: the files would not know of it."""
    others = dashboard.DashboardLink("Others").type(DashboardLinkType.DASHBOARDS).tags([TAG]).keep_time(True)
    made = dashboard.Dashboard(title).uid(f"amarvote-{name}").description(about).tags([TAG]).readonly()
    made = made.time("now-6h", "now").refresh("30s").tooltip(DashboardCursorSync.CROSSHAIR).link(others)
    for panel in panels:
        made = made.with_panel(panel)
    built = made.build()
    for place, one in enumerate(built.panels or (), start=1):
        one.id_val = place
    return built


def _placed(panel: Any_, title: str, about: str, unit: str, width: int = 12, height: int = 8) -> Any_:
    return panel.title(title).description(about).unit(unit).span(width).height(height).datasource(SOURCE)


def _query(name: str, query: Query, *, instant: bool = False) -> prometheus.Dataquery:
    expression, legend = query
    asked = prometheus.Dataquery().ref_id(name).expr(expression).legend_format(legend)
    return asked.instant() if instant else asked.range()


def _limit(below: str, limit: float, above: str) -> Limit:
    steps = [Threshold(value=None, color=below), Threshold(value=limit, color=above)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _color(color: str) -> dashboard.FieldColor:
    return dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(color)


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])
