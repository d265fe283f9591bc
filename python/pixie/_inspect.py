"""Shows the code of modules through the toolchain's command ``pixie``, since the runtime knows no compiler; imported on demand."""

from __future__ import annotations

import html
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from ._toolchain import command

if TYPE_CHECKING:
    from . import Export, FatModule


class FlowGraph:
    """The flow graph of optimised code: a box for each block with its instructions, an arrow for each way out of it.

    A notebook shows it as a picture where Graphviz' program ``dot`` is installed, else as text.
    """

    def __init__(self, name: str, dot: str) -> None:
        self._name = name
        #: The graph in Graphviz' language DOT.
        self.dot = dot

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the graph to ``path``: as text for the suffixes ``.dot`` and ``.gv``, else as a picture of the suffix's kind
        (``.svg``, ``.pdf``, ``.png``), by Graphviz.

        Raises ``FileNotFoundError`` if Graphviz is needed and not installed, ``RuntimeError`` if it does not know the suffix.
        """
        kind = os.path.splitext(os.fspath(path))[1].lower().removeprefix(".")
        data = self.dot.encode() if kind in ("dot", "gv") else self._render(kind)
        with open(path, "wb") as file:
            file.write(data)

    def _render(self, kind: str) -> bytes:
        program = shutil.which("dot")
        if program is None:
            raise FileNotFoundError(
                "a picture of a flow graph is made by Graphviz' program `dot`, which was not found\n"
                "hint: install Graphviz, or save the graph as a `.dot` file"
            )
        if not kind:
            raise ValueError("the kind of picture is told by the file's suffix, and there is none\nhint: for example `.svg`")
        done = subprocess.run([program, f"-T{kind}"], input=self.dot.encode(), capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"`dot` cannot draw the graph: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def _repr_svg_(self) -> str | None:
        if shutil.which("dot") is None:
            return None
        picture = self._render("svg").decode()
        # Inside a page there is no place for the prologue.
        return picture[picture.index("<svg") :]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        picture = self._repr_svg_()
        if picture is None:
            return {"text/plain": f"{self!r}; install Graphviz to see it as a picture\n\n{self.dot}"}
        return {"image/svg+xml": picture, "text/plain": repr(self)}

    def __str__(self) -> str:
        return self.dot

    def __repr__(self) -> str:
        nodes = [line for line in self.dot.splitlines() if line.startswith('    "') and "->" not in line.partition("[")[0]]
        return f"<pixie flow graph of {self._name}: {len(nodes)} block{'' if len(nodes) == 1 else 's'}>"


def flow_graph(about: FatModule | Export, function: str | None, platform: str | None, isa: str | None) -> FlowGraph:
    """The flow graph of a function, or of all of a module."""
    name = f"`{function}`" if function else f"the module `{about.name}`"
    return FlowGraph(name, code(about, "cfg", function, platform, isa))


def code(about: FatModule | Export, form: str, function: str | None, platform: str | None, isa: str | None) -> str:
    """What ``pixie inspect --FORM`` prints; without platform and level, for the variant that runs here."""
    if about.path is None:
        raise RuntimeError(
            "the module was loaded from memory, and there is no file to look at\nhint: write it to a file and load that"
        )
    path = about.path
    if platform is None or platform == about.platform:
        # The code that runs may have been compiled from the module for this processor; every other is in the module.
        if isa in (None, about.isa) and about.code_path is not None:
            path = about.code_path
        isa = about.isa if isa is None else isa
        platform = about.platform
    words = [command(), "inspect", path, f"--{form}", "--build-id", about.build_id]
    words += ["--platform", platform, "--isa", "baseline" if isa is None else isa]
    if function is not None:
        words += ["--function", function]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        return done.stdout
    message = done.stderr.partition("\n\nFor more information")[0].strip().removeprefix("error: ")
    if not message:
        message = f"`{words[0]}` ended with {done.returncode} and said nothing"
    # 2: wrong usage, hence a platform that there is not.
    raise ValueError(message) if done.returncode == 2 else RuntimeError(message)


def variant_table(about: FatModule) -> str:
    """The variants of a module as a table in HTML; the one that runs is marked."""
    rows = []
    for platform, isa, features, chosen, reason in about._variant_rows():
        tag, mark = ("th", "✓") if chosen else ("td", "")
        cells = [platform, isa, " ".join(features), mark, reason]
        row = "".join(f'<{tag} style="text-align: left">{html.escape(cell)}</{tag}>' for cell in cells)
        rows.append(f"<tr>{row}</tr>")
    titles = "".join(
        f'<th style="text-align: left">{title}</th>' for title in ("platform", "level", "features", "chosen", "reason")
    )
    name, build_id = html.escape(about.name), html.escape(about.build_id[:16])
    caption = f"<caption>fat module <code>{name}</code>, build id <code>{build_id}…</code></caption>"
    return f"<table>{caption}<thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
