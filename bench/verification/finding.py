"""The summary of a verification report: figures reached, and whether the device is that chip."""

from bench.chips.figures import FIGURES
from bench.judging.standing import form_title, short_besides, stream_words
from bench.judging.verdict import RATED, Row, Verdict
from bench.report.record.identity import verdict as identity_verdict
from bench.report.text.digits import percent
from bench.verification.case import Case
from bench.verification.document import Block, Facts, Paragraph
from bench.verification.usual import burst_share, is_usual
from bench.words import counted

FAKE = (
    "This device is a FAKE: every figure is simulated and says nothing about any chip. The report "
    "only shows what a real one looks like."
)
ENDINGS = {"running": "did not finish", "interrupted": "was interrupted"}


def finding_blocks(case: Case) -> list[Block]:
    """Returns the warnings, the finding in one paragraph, the figures by verdict, and the run."""
    warnings = [FAKE] if case.record.device.is_fake else []
    if case.record.state in ENDINGS:
        warnings.append(
            f"The run {ENDINGS[case.record.state]}: what was measured until then is reported, "
            "and what is not here was not tested."
        )
    if case.chip is None:
        warnings.append(
            "No sheet describes this device, so no figure can be compared with a published one."
        )
    return [
        *(Paragraph(one, strong=True) for one in warnings),
        Paragraph(finding(case), strong=True),
        *(Paragraph(line) for line in _lists(case)),
        Facts(tuple(_run(case))),
    ]


def finding(case: Case) -> str:
    """Returns the outcome in a paragraph."""
    count = len(case.best)
    parts = [f"{len(case.with_verdict(one))} {one.value}" for one in RATED]
    figures = counted(count, "published figure")
    margin = f"at a margin of {100 * case.margin:.4g}%"
    text = f"Of {figures} tested, {', '.join(parts)}, {margin}."
    if not count:
        text = "No published figure could be judged."
    doubtful = sum(row.verdict is Verdict.IMPLAUSIBLE for row in case.judged)
    if doubtful:
        are = "is" if doubtful == 1 else "are"
        text += f" {counted(doubtful, 'measurement')} {are} implausible and not counted."
    failed = sum(row.verdict is Verdict.FAILED for row in case.judged)
    if failed:
        text += f" {counted(failed, 'measurement')} failed; see the anomalies."
    return f"{text}{_beside_others(case)} {_identity(case)}"


def _beside_others(case: Case) -> str:
    """Returns how many short figures lie within what other chips reach, and which lie below it."""
    short = case.with_verdict(Verdict.SHORT)
    if not short:
        return ""
    known = [row for row in short if row.key in case.usual]
    below = [row for row in known if not is_usual(row, case.usual[row.key], case.margin)]
    within = len(known) - len(below)
    text = (
        f" Of the {len(short)} short, {within} {'lies' if within == 1 else 'lie'} within what "
        "other chips usually reach of the same figure (burst at or above their middle share less "
        f"{100 * case.margin:.4g}%), {len(below)} below it"
    )
    names = "; ".join(
        f"{FIGURES[row.key].title} {burst_share(row) or 0:.0%}, others {case.usual[row.key]}"
        for row in below
    )
    without_others = len(short) - len(known)
    unknown = f"; of {without_others} no other chip is known" if without_others else ""
    return f"{text}{f': {names}' if names else ''}{unknown}."


def _identity(case: Case) -> str:
    assessment = case.identity
    if assessment is None:
        return "Identity: not established, because no sheet describes the device."
    result = f"{assessment.state.value}: {identity_verdict(assessment)}"
    return f"Identity, compared with the sheet of {assessment.chip.name}: {result}."


def _lists(case: Case) -> list[str]:
    """Returns the figures with their shares, one line per verdict, and how to read them."""
    lines = []
    for verdict in RATED:
        rows = case.with_verdict(verdict)
        if rows:
            names = "; ".join(_figure_share(row, case) for row in rows)
            lines.append(f"{verdict.value.capitalize()}: {names}.")
    if besides := short_besides(case.judged):
        names = "; ".join(f"{form_title(row)} {percent(row.fraction)}" for row in besides)
        lines.append(f"Other forms that are short: {names}.")
    if lines:
        lines.append(
            "Where several forms of work or streams test one figure, the one that came nearest to "
            "it counts here; all of them are in the table of figures. The share is that of the "
            "sustained rate, with its 95% interval."
        )
    return lines


def _figure_share(row: Row, case: Case) -> str:
    """Returns a figure with its share; of several streams the one that decides and the lowest."""
    streams = stream_words(row.key, case.judged)
    if not streams:
        return f"{FIGURES[row.key].title} {percent(row.fraction)}"
    return f"{row.title} {percent(row.fraction)}, {streams}"


def _run(case: Case) -> list[tuple[str, str]]:
    record = case.record
    sheet = f"{case.chip.name} ({case.chip.id})" if case.chip else "none"
    commit = f", commit {record.program.commit}" if record.program.commit else ""
    return [
        ("device", record.device.name),
        ("sheet", sheet),
        ("record", record.id),
        ("measured", f"{record.started_utc}, {record.took_s:,.0f} s, suite {record.suite}"),
        ("state of the record", record.state),
        ("program", f"onpaper {record.program.version}{commit}"),
        ("method", f"version {record.method_version}"),
    ]
