"""Links an object with lld and, at the very addresses that lld chose, with pixie's own linker, and compares every byte.

A difference counts as explained only if a rule below computes the very bytes of both sides; any other is an error. As a program:
`compare.py PLATFORM OBJECT…` prints the table.
"""

import os
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from linked import LINKERS, command

ROOT = Path(__file__).parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
LINK_AT = TARGET / "debug/examples/link_at"


@dataclass
class Report:
    platform: str
    name: str
    sections: int = 0
    bytes: int = 0
    entries: int = 0
    symbols: int = 0
    kinds: Counter = field(default_factory=Counter)
    explained: Counter = field(default_factory=Counter)
    not_loaded: list = field(default_factory=list)


def build():
    """Builds the program that links; quick if it is there."""
    command("cargo", "build", "--quiet", "--manifest-path", ROOT / "Cargo.toml", "-p", "pixie-ld", "--features", "build", "--example", "link_at")


class Described:
    """An object as pixie reads it."""

    def __init__(self, platform, obj):
        self.sections, self.symbols, self.relocations = [], [], []
        for line in command(LINK_AT, platform, obj).splitlines():
            kind, rest = line.split(" ", 1)
            match kind:
                case "section":
                    kind, _, size, _, name = rest.split(" ", 4)
                    self.sections.append((name, kind, int(size, 16)))
                case "symbol":
                    place, first, second, binding, name = rest.split(" ", 4)
                    self.symbols.append((name, place, int(first, 16), int(second, 16), binding))
                case "relocation":
                    section, offset, symbol, addend, needs_got, kind = rest.split(" ")
                    self.relocations.append((int(section, 16), int(offset, 16), int(symbol, 16), needs_got == "1", kind))


def compare(platform, obj, name, fixed=False):
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "object.o"
        shutil.copy(obj, copy)
        return Comparison(platform, copy, Path(folder), name, fixed).run()


class Comparison:
    def __init__(self, platform, obj, folder, name, fixed):
        self.report = Report(platform, name)
        self.platform, self.obj, self.folder = platform, obj, folder
        self.prefix = "_" if platform == "osx-arm64" else ""
        self.lld = LINKERS[platform](obj, folder, fixed)
        self.object = Described(platform, obj)
        self.relaxed = {}  # symbol -> the entry that it would have
        self.faults = []

    def run(self):
        self.place_sections()
        sections, entries, symbols = self.link()
        for index, ours in sections.items():
            self.section(index, ours)
        for index, ours in entries.items():
            if index not in self.relaxed:
                at = self.got[index]
                self.check(f"table entry of `{self.object.symbols[index][0]}`", at, ours)
                self.report.entries += 1
        for index, address in symbols.items():
            name, place, *_ = self.object.symbols[index]
            known = self.lld.symbols.get(self.prefix + name)
            # Names of local symbols may stand for several.
            if place in ("section", "common") and known is not None and self.object.symbols[index][4] != "Local":
                if address != self.lld.base + known:
                    self.faults.append(f"symbol `{name}` is at {address:#x}, lld's at {self.lld.base + known:#x}")
                self.report.symbols += 1
        self.report.kinds = Counter(kind for *_, kind in self.object.relocations)
        if self.faults:
            raise AssertionError(f"{self.report.platform} {self.report.name}:\n" + "\n".join(self.faults[:20]))
        assert self.report.bytes > 0, "nothing was compared"
        return self.report

    def place_sections(self):
        """Where lld put each section; one that it does not have is an error unless it is empty."""
        left = list(self.lld.sections)
        self.at = []
        # lld-link sorts COMDAT sections, so their symbols tell which is which.
        known = {}
        for name, place, section, offset, binding in self.object.symbols:
            if place == "section" and binding != "Local" and name in self.lld.symbols and self.platform == "win-64":
                entry = (self.object.sections[section][0], self.lld.symbols[name] - offset)
                if section not in known and entry in left:
                    known[section] = entry
                    left.remove(entry)
        for index, (name, kind, size) in enumerate(self.object.sections):
            if index in known:
                self.at.append(known[index][1])
                continue
            found = next((entry for entry in left if entry[0] == name), None)
            # The reader knows only some segments of Mach-O by name.
            if self.platform == "osx-arm64" and found is None:
                found = next((entry for entry in left if entry[0].split(",")[1] == name), None)
            if kind == "Unwind" and self.lld.frames:
                self.at.append(self.lld.frames[0])
            elif found:
                left.remove(found)
                self.at.append(found[1])
            elif name == ".idata" and self.platform == "win-64":
                # The reader makes a section of each cell of an import.
                target = next(symbol for section, _, symbol, _, _ in self.object.relocations if section == index)
                self.at.append(self.lld.got[self.object.symbols[target][0]])
            elif size == 0:
                self.at.append(0)
            else:
                raise AssertionError(f"{self.report.name}: section `{name}` of {size} bytes is not in lld's output")
        self.report.not_loaded = sorted({name for name, _ in left})

    def offset_of(self, index):
        """Where a symbol of the object itself is, from the base."""
        name, place, first, second, _ = self.object.symbols[index]
        match place:
            case "section":
                return self.at[first] + second
            case "common":
                return self.lld.symbols[self.prefix + name]
        return None

    def link(self):
        lld, plan = self.lld, []
        size = len(lld.memory) + 0x1000 & ~7
        self.got = {}
        for index in sorted({symbol for _, _, symbol, needs_got, _ in self.object.relocations if needs_got}):
            name, place, *_ = self.object.symbols[index]
            entry = lld.got.get(name) if place == "undefined" else lld.got_at.get(self.offset_of(index))
            if entry is None:
                # lld needs no entry for it: a place beyond everything.
                entry, size = size, size + 8
                self.relaxed[index] = entry
            self.got[index] = entry
            plan.append(f"got {index:x} {entry:x}")
        plan += [f"section {index:x} {at:x}" for index, at in enumerate(self.at)]
        for index, (name, place, *_) in enumerate(self.object.symbols):
            if place == "common":
                plan.append(f"common {index:x} {self.offset_of(index):x}")
            elif place == "undefined" and name in lld.stubs:
                plan.append(f"stub {index:x} {lld.stubs[name]:x} 0")
        if lld.functions:
            plan.append(f"unwind {lld.functions[0]:x} {lld.functions[1]:x}")
        plan += [f"outside {address:x} {name}" for name, address in lld.outside.items()]
        # Room for zeroes and for an .eh_frame that lld made shorter.
        size += max((section[2] for section in self.object.sections), default=0)
        plan += [f"base {lld.base:x}", f"got_base {lld.got_base:x}", f"size {size + 0xfff & ~0xfff:x}"]
        path = self.folder / "plan"
        path.write_text("\n".join(plan))
        results = {"section": {}, "got": {}, "symbol": {}}
        for line in command(LINK_AT, self.platform, self.obj, path).splitlines():
            kind, index, *value = line.split(" ")
            results[kind][int(index, 16)] = int(value[0], 16) if kind == "symbol" else bytes.fromhex(value[0])
        return results.values()

    def check(self, what, at, ours):
        theirs = bytes(self.lld.memory[at : at + len(ours)])
        if theirs != ours:
            differ = next(index for index in range(len(ours)) if theirs[index : index + 1] != ours[index : index + 1])
            self.faults.append(f"{what} differs at {differ:#x}: ours {ours[differ : differ + 8].hex()}, lld's {theirs[differ : differ + 8].hex()}")

    def section(self, index, ours):
        name, kind, size = self.object.sections[index]
        if size == 0:
            return
        self.report.sections += 1
        self.report.bytes += size
        at = self.at[index]
        theirs = bytes(self.lld.memory[at : at + size])
        if theirs == ours:
            return
        if kind == "Unwind" and self.lld.frames:
            return self.frames(at, ours)
        # Where a rule accounts for both sides, both count as lld's.
        ours = bytearray(ours)
        for section, offset, symbol, _, kind in self.object.relocations:
            if section == index:
                width = self.explain(kind, at + offset, symbol, ours[offset : offset + 8], theirs[offset : offset + 8])
                ours[offset : offset + width] = theirs[offset : offset + width]
        fields = [f"{offset:#x} {kind} `{self.object.symbols[symbol][0]}`" for section, offset, symbol, _, kind in self.object.relocations if section == index and ours[offset : offset + 4] != theirs[offset : offset + 4]]
        if ours != theirs:
            self.check(f"section `{name}` ({', '.join(fields[:5]) or 'outside every field'})", at, bytes(ours))

    def explain(self, kind, place, symbol, ours, theirs):
        """How many bytes of a field differ as a rule says; 0 if none does."""
        if ours == theirs:
            return 0
        word = lambda data, at=0: int.from_bytes(data[at : at + 4], "little")
        entry, target = self.got.get(symbol, 0), self.offset_of(symbol)
        name = self.object.symbols[symbol][0]
        pages = lambda to: (to >> 12) - (place >> 12)
        adrp = lambda old, to: old & 0x9F00_001F | (pages(to) & 3) << 29 | (pages(to) >> 2 & 0x7_FFFF) << 5
        if self.platform == "osx-arm64" and symbol in self.relaxed and target is not None:
            old = word(ours)
            if kind == "GotPage21" and old == adrp(old, entry) and word(theirs) == adrp(old, target):
                self.report.explained["adrp of a table entry made one of the symbol, which is inside"] += 1
                return 4
            # ldr x, [x, #entry] is add x, x, #symbol.
            made = 0x9100_0000 | old & 0x3FF | (target & 0xFFF) << 10
            if kind == "GotPageOffset12" and old >> 22 == 0xF940_0000 >> 22 and (old >> 10 & 0xFFF) == (entry & 0xFFF) >> 3 and word(theirs) == made:
                self.report.explained["ldr of a table entry made an add, the symbol is inside"] += 1
                return 4
        if kind == "Branch26" and name in self.lld.stubs and name not in self.lld.outside:
            # Nobody has the weak symbol: the next instruction (AAELF64, weak references), for which lld leaves an entry that jumps to 0.
            to = lambda where: word(ours) & 0xFC00_0000 | where - place >> 2 & 0x3FF_FFFF
            if self.object.symbols[symbol][4] == "Weak" and word(ours) == to(place + 4) and word(theirs) == to(self.lld.stubs[name]):
                self.report.explained["call of a weak symbol that nobody has, lld's stub against the next instruction"] += 1
                return 4
        if kind == "Address32" and name in self.lld.stubs:
            # The relocation begins at the opcode: lea 8d of the stub, mov 8b of the cell.
            to = lambda where: where - (place + 6) & 0xFFFF_FFFF
            if ours[0] == 0x8B and theirs[0] == 0x8D and ours[1] == theirs[1] and word(ours, 2) == to(entry) and word(theirs, 2) == to(self.lld.stubs[name]):
                self.report.explained["lea of the import's stub against a load of its address"] += 1
                return 6
        return 0

    def frames(self, at, ours):
        """lld writes .eh_frame anew: each description after its own CIE, equal CIEs once. The records must be the same."""
        start, size = self.lld.frames
        theirs = records(bytes(self.lld.memory[start : start + size]), start)
        own = records(ours, at)
        if sorted(own) != sorted(theirs):
            self.faults.append(f".eh_frame: {len(own)} descriptions, lld's {len(theirs)}, not the same")
        self.report.explained[".eh_frame in another order, each description equal"] += 1


def records(data, start):
    """The descriptions of an .eh_frame (Linux Standard Base §10.6): CIE without pointers, personality, code, its size, the rest."""
    found, commons, at = [], {}, 0
    word = lambda at: int.from_bytes(data[at : at + 4], "little", signed=True)
    while at + 4 <= len(data) and (length := word(at)):
        end, back = at + 4 + length, word(at + 4)
        if back == 0:
            name = data[at + 9 : data.index(b"\0", at + 9)].decode()
            body = at + 9 + len(name) + 1
            # Alignment factors, the return register and the size of what follows: one byte each here.
            fixed, pointer, personality, special = data[body : body + 4], body + 4, None, None
            for letter in name[1:]:
                if letter in "RL":
                    assert data[pointer] in (0x1B, 0x9B), "an encoding that is not relative with 4 bytes"
                    special = special or letter == "L"
                    pointer += 1
                elif letter == "P":
                    assert data[pointer] in (0x1B, 0x9B)
                    personality = start + pointer + 1 + word(pointer + 1)
                    pointer += 5
            commons[at] = (name, fixed, personality or 0, special, data[pointer:end])
        else:
            name, fixed, personality, special, rest = commons[at + 4 - back]
            begin, pointer, lsda = start + at + 8 + word(at + 8), at + 17, 0
            if special:
                lsda = start + pointer + word(pointer)
                pointer += 4
            # Padding is nops, as many as the record before lld's alignment needs.
            found.append((begin, word(at + 12), personality, lsda, name, fixed, rest.rstrip(b"\0"), data[pointer:end].rstrip(b"\0")))
        at = end
    return found


def table(reports):
    """The table, as text."""
    lines = [f"{'platform':<14} {'object':<34} {'sections':>8} {'bytes':>9} {'relocations':>11} {'entries':>7} {'symbols':>7}  explained differences"]
    for report in reports:
        explained = "; ".join(f"{count} × {what}" for what, count in report.explained.items()) or "none"
        lines.append(
            f"{report.platform:<14} {report.name:<34} {report.sections:>8} {report.bytes:>9} {report.kinds.total():>11} {report.entries:>7} {report.symbols:>7}  {explained}"
        )
    for platform in LINKERS:
        kinds = sum((report.kinds for report in reports if report.platform == platform), Counter())
        if kinds:
            lines.append(f"{platform}: " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    return "\n".join(lines)


if __name__ == "__main__":
    build()
    platform, *objects = sys.argv[1:]
    print(table([compare(platform, Path(path), Path(path).stem, "absolute" in path) for path in objects]))
