"""A finished training as one page for a browser: figures, tables and the crops that it doubts.

Everything is inside the page, so it can be sent and kept without the run's folder.
"""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np

from lib.files import read_json, write_bytes
from lib.images.png import encode_png
from lib.model_card import RECORD_NAME, REPORT_NAME
from lib.tables import UNKNOWN_LABEL
from lib.taxonomy import CLASSES, in_short
from lib.training.crops.tfrecord import iterate_tfrecords

# Crops that the page shows: enough to see what is hard, few enough to look through.
MAX_DOUBTFUL = 24
_FIGURES = {
    "curves.png": "Loss and accuracy as the training went on. Where the two curves of a plot part, "
    "the network learns its training crops by heart.",
    "reliability.png": "How often a network is right that says how sure it is: on the diagonal it "
    "is as sure as it may be.",
    "coverage.png": "What asking for more certainty does: fewer crops are named, and more of them "
    "rightly.",
}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
p.sub { color: #555; margin: .2rem 0 1.4rem; }
.facts { display: flex; flex-wrap: wrap; gap: 1rem; padding: 0; margin: 0; list-style: none; }
.facts li { background: #f3f4f6; border-radius: .5rem; padding: .6rem 1rem; }
.facts b { display: block; font-size: 1.35rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #e5e7eb; }
th:first-child, td:first-child, td.text { text-align: left; }
table.confusion td { text-align: center; min-width: 3rem; }
table.confusion th { font-weight: normal; font-size: .85rem; }
figure { margin: 0 0 1rem; } figure img { max-width: 100%; height: auto; }
figcaption { color: #555; font-size: .9rem; }
.pair { display: flex; flex-wrap: wrap; gap: 1rem; } .pair figure { flex: 1 1 24rem; }
.crops { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1rem; }
.crops img { width: 100%; height: 3rem; image-rendering: pixelated; display: block; }
.wrong { color: #b91c1c; }
"""


def doubtful_rows(labels: np.ndarray, probabilities: np.ndarray) -> list[dict]:
    """Return the crops that a network gets wrong, the surest first, then those it is least sure of.

    Parameters
    ----------
    labels : int array of shape (n_crops,)
        True class ids.
    probabilities : float array of shape (n_crops, n_classes)

    Returns
    -------
    list of dict
        At most `MAX_DOUBTFUL`: ``row`` among the crops of the classes, ``truth`` and ``guess``
        (class names), ``probability`` of the guess.
    """
    guesses, sureness = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = guesses != labels
    order = np.lexsort((np.where(wrong, -sureness, sureness), ~wrong))
    return [
        {
            "row": int(row),
            "truth": CLASSES[labels[row]],
            "guess": CLASSES[guesses[row]],
            "probability": round(float(sureness[row]), 4),
        }
        for row in order[:MAX_DOUBTFUL]
    ]


def write_report(run_dir: Path, test: Path, *, title: str) -> Path:
    """Write the page of a finished run into its folder; return its path.

    Parameters
    ----------
    run_dir : Path
        With run.json and the figures.
    test : Path
        The TFRecord that run.json's test is of.
    title : str

    Raises
    ------
    DataError
        If a file cannot be read, or the page cannot be written.
    """
    record = read_json(run_dir / RECORD_NAME)
    parts = [
        _head(record, title),
        _figure(run_dir, "curves.png"),
        "<h2>What it names which lamp</h2>",
        _confusion(record["test"]["confusion"]),
        "<h2>Each class</h2>",
        _classes(record["test"]["per_class"]),
        *_compared(record.get("compared_with_init")),
        "<h2>How far its certainty can be trusted</h2>",
        f'<div class="pair">{_figure(run_dir, "reliability.png")}'
        f"{_figure(run_dir, 'coverage.png')}</div>",
        *_doubtful(record.get("doubtful", []), test),
        "<h2>What it was made of</h2>",
        _made_of(record),
    ]
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        f"</title><style>{_STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )
    write_bytes(run_dir / REPORT_NAME, page.encode())
    return run_dir / REPORT_NAME


def _head(record: Mapping, title: str) -> str:
    test = record["test"]
    low, high = test["accuracy_ci95"]
    facts = [
        (f"{test['accuracy']:.1%}", f"of {test['n']} test crops right ({low:.1%} to {high:.1%})"),
        (f"{test['coverage']:.1%}", "named at its threshold; the others are refused"),
        (f"{record['best_epoch']}", "the best epoch, by validation loss"),
        (_duration(record["seconds"]), f"of training, {record['parameters']:,} parameters"),
    ]
    if test["selective_precision"] is not None:
        facts.insert(2, (f"{test['selective_precision']:.1%}", "of the named right"))
    listed = "".join(f"<li><b>{value}</b>{escape(text)}</li>" for value, text in facts)
    return (
        f'<h1>{escape(title)}</h1><p class="sub">{escape(record["architecture"])}, tested once on '
        f'crops that it was not trained on</p><ul class="facts">{listed}</ul><h2>Training</h2>'
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _figure(run_dir: Path, name: str) -> str:
    text = _FIGURES[name]
    return (
        f'<figure><img alt="{escape(text)}" src="{_embedded((run_dir / name).read_bytes())}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _embedded(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _confusion(counts: Sequence[Sequence[int]]) -> str:
    """Return a table, a row for each true class, shaded by the share of that row."""
    names = [in_short(name) for name in CLASSES]
    rows = [f"<tr><th>true \\ named</th>{''.join(f'<th>{name}</th>' for name in names)}</tr>"]
    for number, (name, row) in enumerate(zip(names, counts, strict=True)):
        if not sum(row):
            continue
        cells = "".join(
            f'<td style="background:{_shade(count / sum(row), right=number == column)}">'
            f"{count or ''}</td>"
            for column, count in enumerate(row)
        )
        rows.append(f"<tr><th>{name}</th>{cells}</tr>")
    return f'<table class="confusion">{"".join(rows)}</table>'


def _shade(share: float, *, right: bool) -> str:
    colour = "37, 99, 235" if right else "220, 38, 38"
    # A few mistakes among many must be seen.
    return f"rgba({colour}, {0.08 + 0.5 * share:.2f})" if share else "transparent"


def _classes(per_class: Mapping[str, Mapping[str, float]]) -> str:
    head = "<tr><th>class</th><th>precision</th><th>recall</th><th>F1</th><th>crops</th></tr>"
    rows = "".join(
        f"<tr><td>{in_short(name)}</td><td>{row['precision']:.1%}</td><td>{row['recall']:.1%}</td>"
        f"<td>{row['f1']:.1%}</td><td>{row['support']}</td></tr>"
        for name, row in per_class.items()
        if row["support"]
    )
    return (
        f"<table>{head}{rows}</table><p>Precision: of the crops named so, how many are. Recall: of "
        "the crops that are, how many are named so. F1 is their harmonic mean.</p>"
    )


def _compared(changes: Mapping[str, Mapping[str, Mapping[str, int]]] | None) -> list[str]:
    """Return the comparison with the network that the training started from, if there was one."""
    if not changes:
        return []
    rows = "".join(
        f"<tr><td>{in_short(name)}</td><td class='text'>{escape(kind)}</td><td>{one['before']}</td>"
        f"<td>{one['after']}</td><td>{one['crops']}</td></tr>"
        for kind, of_class in changes.items()
        for name, one in of_class.items()
    )
    head = "<tr><th>class</th><th>crops</th><th>before</th><th>after</th><th>of</th></tr>"
    return ["<h2>Right before and after this training</h2>", f"<table>{head}{rows}</table>"]


def _doubtful(rows: Sequence[Mapping], test: Path) -> list[str]:
    """Return the crops that the network gets wrong or is least sure of, as pictures."""
    if not rows:
        return []
    crops = _crops_at(test, {row["row"] for row in rows})
    tiles = []
    for row in rows:
        image, name = crops[row["row"]]
        guess = f"{in_short(row['guess'])} {row['probability']:.2f}"
        said = f"named {guess}"
        if row["guess"] != row["truth"]:
            said = f'<span class="wrong">{said}</span>, is {in_short(row["truth"])}'
        tiles.append(
            f'<figure><img alt="a crop" src="{_embedded(encode_png(image))}">'
            f"<figcaption>{said}<br>{escape(name)}</figcaption></figure>"
        )
    return [
        "<h2>The crops to look at</h2><p>Wrong names first, the surest of them at the top: a "
        "wrong label is often among these. Then the right names that it is least sure of.</p>",
        f'<div class="crops">{"".join(tiles)}</div>',
    ]


def _crops_at(test: Path, rows: set[int]) -> dict[int, tuple[np.ndarray, str]]:
    """Return crops of the classes, and their names, by their place among these."""
    found, seen = {}, 0
    for batch in iterate_tfrecords(test):
        known = np.flatnonzero(batch.labels != UNKNOWN_LABEL)
        for place in known:
            if seen in rows:
                found[seen] = (batch.images[place], batch.names[place])
            seen += 1
    return found


def _made_of(record: Mapping) -> str:
    files = [
        (part, file) for part in ("train", "validation", "test") for file in record["data"][part]
    ]
    rows = "".join(
        f"<tr><td>{part}</td><td class='text'>{escape(file['path'])}</td><td>{file['crops']}</td>"
        f"<td class='text'><code>{file['sha256'][:12]}</code></td></tr>"
        for part, file in files
    )
    config = ", ".join(f"{name} {value}" for name, value in record["config"].items() if value)
    versions = ", ".join(f"{name} {value}" for name, value in record.get("versions", {}).items())
    return (
        "<table><tr><th>part</th><th class='text'>file</th><th>crops</th><th>SHA-256</th></tr>"
        f"{rows}</table><p>Settings: {escape(config)}.</p><p>Made with {escape(versions)}; commit "
        f"{escape(str(record.get('git_commit')))}.</p>"
    )
