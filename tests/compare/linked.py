"""What lld made of an object: where it put each section, symbol, table entry and stub, and the bytes as the system's loader would leave them.

Each reader fills the same `Linked`. Loading is simulated: every dynamic relocation, rebase, binding and import that lld left to the loader
is carried out for a given base, with outside symbols at given addresses.
"""

import re
import struct
import subprocess
from dataclasses import dataclass, field

# Where outside symbols are: out of reach of everything but tables and stubs.
FAR = 0x7000_0000_0000


@dataclass
class Linked:
    """All addresses are offsets from `base`, where the image is loaded."""

    base: int
    memory: bytearray
    sections: list  # in the order of the input file: (name, offset) of what lld kept
    symbols: dict = field(default_factory=dict)  # name as in the file -> offset
    outside: dict = field(default_factory=dict)  # name as in the IR -> address
    got: dict = field(default_factory=dict)  # name -> offset of its entry
    got_at: dict = field(default_factory=dict)  # offset of the target -> offset of the entry, for symbols of the object itself
    stubs: dict = field(default_factory=dict)  # name -> offset
    got_base: int = 0
    functions: tuple | None = None  # COFF: offset and size of .pdata
    frames: tuple | None = None  # ELF: offset and size of .eh_frame
    merged: list = field(default_factory=list)  # tables that lld made of sections of the input that no loader sees

    def address_of(self, name):
        """The address of an outside symbol, a new one for each."""
        return self.outside.setdefault(name, FAR + 0x1230 + 0x1_0010 * len(self.outside))

    def put(self, offset, value, width=8):
        self.memory[offset : offset + width] = (value % (1 << 8 * width)).to_bytes(width, "little")

    def get(self, offset, width=8):
        return int.from_bytes(self.memory[offset : offset + width], "little")


def command(*words):
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))} exited with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def unpack(form, data, at):
    return struct.unpack_from("<" + form, data, at)


def text(data, at):
    return data[at : data.index(b"\0", at)].decode()


def map_sections(path, object_name, column):
    """`file:(section)` lines of a map of ld.lld or lld-link, in the order of addresses."""
    found = []
    for line in path.read_text().splitlines():
        match = re.match(rf"\s*{column}.*\s{re.escape(object_name)}:\((.*)\)$", line)
        if match:
            found.append((match[3], int(match[1], 16), int(match[2], 16)))
    return found


# ELF

ELF_MACHINES = {62: ("x86-64", 16, (1, 6, 7, 8)), 183: ("AArch64", 32, (257, 1025, 1026, 1027))}


def elf(obj, folder, fixed):
    """Links as a shared library or, for absolute fields of 32 bits, as a program at a fixed address."""
    output, map_file = folder / "linked.elf", folder / "linked.map"
    words = ["ld.lld-22", "-O0", "--no-relax", f"-Map={map_file}", obj, "-o", output]
    if fixed:
        (folder / "outside.s").write_text(".text\n.globl outside\noutside: ret\n")
        machine = unpack("H", obj.read_bytes(), 18)[0]
        triple = {62: "x86_64", 183: "aarch64"}[machine] + "-unknown-linux-gnu"
        command("clang-22", f"--target={triple}", "-c", folder / "outside.s", "-o", folder / "outside.o")
        command(*words, folder / "outside.o", "--static")
    else:
        command(*words, "-shared", "-Bsymbolic", "--apply-dynamic-relocs")
    data = output.read_bytes()
    machine = unpack("H", data, 18)[0]
    _, plt_header, (absolute, glob_dat, jump_slot, relative) = ELF_MACHINES[machine]
    base = 0 if fixed else 0x5555_1234_0000
    shoff, shnum, shstr = unpack("Q", data, 40)[0], *unpack("HH", data, 60)
    headers = [unpack("IIQQQQIIQQ", data, shoff + 64 * index) for index in range(shnum)]
    names = [text(data, headers[shstr][4] + header[0]) for header in headers]
    size = max((h[3] + h[5] for h in headers if h[2] & 2), default=0)
    linked = Linked(base, bytearray(size), [])
    for header in headers:
        if header[2] & 2 and header[1] != 8:
            linked.memory[header[3] : header[3] + header[5]] = data[header[4] : header[4] + header[5]]
    tables = {name: header for name, header in zip(names, headers)}
    for name, at, _ in map_sections(map_file, str(obj), r"([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)"):
        if name != "COMMON":
            linked.sections.append((re.sub(r"\+0x[0-9a-f]+$", "", name), at))
    if ".eh_frame" in tables:
        linked.frames = (tables[".eh_frame"][3], tables[".eh_frame"][5])
    undefined = set()

    def symbol_names(table):
        header, strings = tables[table], headers[tables[table][6]][4]
        entries = [unpack("IBBHQQ", data, at) for at in range(header[4], header[4] + header[5], 24)]
        return [(text(data, strings + entry[0]), entry) for entry in entries]

    for name, (_, info, _, section, value, _) in symbol_names(".symtab"):
        if section == 0:
            undefined.add(name)
        elif section < 0xFF00:
            linked.symbols.setdefault(name, value)
    # The table itself: .got.plt on x86-64, where entries of .plt are; the reader knows only the former's name.
    linked.got_base = linked.symbols.get("_GLOBAL_OFFSET_TABLE_", tables.get(".got.plt" if machine == 62 else ".got", [0] * 4)[3])
    if fixed:
        linked.outside["outside"] = linked.symbols["outside"]
        if ".got" in tables:
            start, length = tables[".got"][3], tables[".got"][5]
            for entry in range(start, start + length, 8):
                linked.got_at[linked.get(entry)] = entry
            linked.got.update({name: linked.got_at[value] for name, value in linked.outside.items() if value in linked.got_at})
        return linked
    dynamic = symbol_names(".dynsym") if ".dynsym" in tables else []
    stub = tables[".plt"][3] + plt_header if ".plt" in tables else 0
    got = range(tables[".got"][3], tables[".got"][3] + tables[".got"][5]) if ".got" in tables else range(0)
    for table in (".rela.dyn", ".rela.plt"):
        if table not in tables:
            continue
        for at in range(tables[table][4], tables[table][4] + tables[table][5], 24):
            offset, kind, symbol, addend = unpack("QIIq", data, at)
            name, entry = dynamic[symbol]
            weak = entry[1] >> 4 == 2
            target = base + entry[4] if entry[3] else 0 if weak else linked.address_of(name) if name else 0
            if kind == relative:
                assert symbol == 0
                linked.put(offset, base + addend)
                if offset in got:
                    linked.got_at[addend] = offset
            elif kind in (absolute, glob_dat, jump_slot):
                linked.put(offset, target + addend)
                if kind == jump_slot:
                    linked.stubs[name] = stub
                    stub += 16
                elif kind == glob_dat:
                    linked.got[name] = offset
            else:
                raise AssertionError(f"unknown dynamic relocation {kind}")
    if ".plt" in tables:
        assert stub == tables[".plt"][3] + tables[".plt"][5], "the entries of .plt have another size than expected"
    return linked


# Mach-O


def macho_commands(data):
    at = 32
    for _ in range(unpack("I", data, 16)[0]):
        kind, size = unpack("II", data, at)
        yield kind, at
        at += size


def macho_sections(data):
    """(segment, section, address, size, offset, flags, reserved1, reserved2, offset of the header)"""
    for kind, at in macho_commands(data):
        if kind == 0x19:
            for header in range(at + 72, at + 72 + 80 * unpack("I", data, at + 64)[0], 80):
                section, segment = (data[header + half : header + half + 16].rstrip(b"\0").decode() for half in (0, 16))
                address, size = unpack("QQ", data, header + 32)
                offset = unpack("I", data, header + 48)[0]
                yield segment, section, address, size, offset, *unpack("III", data, header + 64), header


def macho_whole(path):
    """The same object, but with sections that must stay whole: lld otherwise moves every function and every literal on its own."""
    data = bytearray(path.read_bytes())
    flags = unpack("I", data, 24)[0]
    struct.pack_into("<I", data, 24, flags & ~0x2000)  # MH_SUBSECTIONS_VIA_SYMBOLS
    for *_, flags, _, _, header in macho_sections(data):
        # S_CSTRING_LITERALS, S_4BYTE_LITERALS, S_8BYTE_LITERALS, S_16BYTE_LITERALS
        if flags & 0xFF in (2, 3, 4, 14):
            struct.pack_into("<I", data, header + 64, flags & ~0xFF)
    path.write_bytes(data)


def ir_name(name):
    return name.removeprefix("_")


def macho(obj, folder, fixed):
    assert not fixed
    macho_whole(obj)
    output = folder / "linked.dylib"
    command(
        "ld64.lld-22", "-arch", "arm64", "-platform_version", "macos", "11.0", "11.0", "-dylib", "-undefined", "dynamic_lookup",
        # Classic tables of rebases and bindings, and no rewriting of adrp by hints.
        "-no_fixup_chains", "-ignore_optimization_hints", obj, "-o", output,
    )  # fmt: skip
    data, source = output.read_bytes(), obj.read_bytes()
    base = 0x1_2345_4000
    sections = list(macho_sections(data))
    linked = Linked(base, bytearray(max(s[2] + s[3] for s in sections)), [])
    placed = {}
    for segment, section, address, size, offset, flags, *_ in sections:
        if flags & 0xFF not in (1, 0xC):
            linked.memory[address : address + size] = data[offset : offset + size]
        placed[segment, section] = address
    for segment, section, _, size, *_ in macho_sections(source):
        moved = {("__DATA", "__const"): ("__DATA_CONST", "__const")}.get((segment, section), (segment, section))
        if moved in placed:
            linked.sections.append((f"{segment},{section}", placed[moved]))
    table, indirect = None, None
    for kind, at in macho_commands(data):
        if kind == 2:
            symbols, count, strings, _ = unpack("IIII", data, at + 8)
            table = [unpack("IBBHQ", data, symbols + 16 * index) for index in range(count)]
        elif kind == 0xB:
            start, count = unpack("II", data, at + 56)
            indirect = unpack(f"{count}I", data, start)
    names = [text(data, strings + entry[0]) for entry in table]
    for name, (_, kind, section, _, value) in zip(names, table):
        if section:
            linked.symbols.setdefault(name, value)
    for _, _, address, size, _, flags, first, stub_size, _ in sections:
        # S_NON_LAZY_SYMBOL_POINTERS, S_SYMBOL_STUBS
        width = {6: 8, 8: stub_size}.get(flags & 0xFF)
        for index in range(size // width if width else 0):
            entry, symbol = address + index * width, indirect[first + index]
            if flags & 0xFF == 8:
                linked.stubs[ir_name(names[symbol])] = entry
            elif symbol & 0xC000_0000:
                linked.got_at[linked.get(entry)] = entry
            elif table[symbol][2]:
                linked.got_at[table[symbol][4]] = entry
            else:
                linked.got[ir_name(names[symbol])] = entry
    for line in command("llvm-objdump-22", "--macho", "--rebase", output).splitlines():
        if match := re.match(r"__\S+\s+__\S+\s+0x([0-9A-F]+)\s+pointer", line):
            at = int(match[1], 16)
            linked.put(at, linked.get(at) + base)
    for kind in ("--bind", "--lazy-bind", "--weak-bind"):
        for line in command("llvm-objdump-22", "--macho", kind, output).splitlines():
            words = line.split()
            if len(words) >= 4 and words[2].startswith("0x"):
                at, name = int(words[2], 16), next(word for word in reversed(words) if word.startswith("_"))
                addend = int(words[4]) if kind == "--bind" else 0
                inside = linked.symbols.get(name)
                linked.put(at, (base + inside if inside is not None else linked.address_of(ir_name(name))) + addend)
    linked.merged = ["__LD,__compact_unwind"]
    return linked


# COFF


def coff_undefined(data):
    """Names that an object needs from outside, without the prefix of cells."""
    pointer, count = unpack("II", data, 8)
    found, index = set(), 0
    while index < count:
        at = pointer + 18 * index
        zero, offset = unpack("II", data, at)
        name = text(data, pointer + 18 * count + offset) if zero == 0 else data[at : at + 8].rstrip(b"\0").decode()
        value, section, _, kind, more = unpack("IhHBB", data, at + 8)
        if section == 0 and value == 0 and kind == 2:
            found.add(name.removeprefix("__imp_"))
        index += 1 + more
    return sorted(found)


def coff(obj, folder, fixed):
    assert not fixed
    output, map_file, symbol_file = folder / "linked.dll", folder / "linked.lldmap", folder / "linked.map"
    source = obj.read_bytes()
    missing = coff_undefined(source)
    inputs = [obj]
    if missing:
        (folder / "outside.def").write_text("LIBRARY outside\nEXPORTS\n" + "".join(f"{name}\n" for name in missing))
        command("lld-link-22", "/lib", f"/def:{folder / 'outside.def'}", "/machine:x64", f"/out:{folder / 'outside.lib'}")
        inputs.append(folder / "outside.lib")
    command(
        "lld-link-22", "/dll", "/noentry", "/nodefaultlib", "/opt:noref,noicf,nolldtailmerge", f"/lldmap:{map_file}", f"/map:{symbol_file}",
        *inputs, f"/out:{output}",
    )  # fmt: skip
    data = output.read_bytes()
    header = unpack("I", data, 0x3C)[0]
    count, optional = unpack("H", data, header + 6)[0], unpack("H", data, header + 20)[0]
    base, size = unpack("Q", data, header + 48)[0], unpack("I", data, header + 80)[0]
    linked = Linked(base, bytearray(size), [])
    for at in range(header + 24 + optional, header + 24 + optional + 40 * count, 40):
        virtual_size, address, raw_size, offset = unpack("IIII", data, at + 8)
        part = min(virtual_size, raw_size)
        linked.memory[address : address + part] = data[offset : offset + part]
        if data[at : at + 8].rstrip(b"\0") == b".pdata":
            linked.functions = (address, virtual_size)
    for name, at, _ in map_sections(map_file, str(obj), r"([0-9a-f]{8}) ([0-9a-f]{8})"):
        linked.sections.append((name, at))
    for line in symbol_file.read_text().splitlines():
        words = line.split()
        if len(words) >= 3 and re.fullmatch(r"[0-9a-f]{4}:[0-9a-f]{8}", words[0]) and re.fullmatch(r"[0-9a-f]{16}", words[2]):
            linked.symbols.setdefault(words[1], int(words[2], 16) - base)
    for name in missing:
        if name in linked.symbols:
            linked.stubs[name] = linked.symbols[name]
    # The import table: entries of 20 bytes, names and cells (PE format §6.4).
    at = unpack("I", data, header + 24 + 112 + 8)[0]
    while at and (lookup := linked.get(at, 4)):
        cell = linked.get(at + 16, 4)
        while hint := linked.get(lookup):
            name = text(linked.memory, hint + 2)
            linked.got[name] = cell
            linked.put(cell, linked.address_of(name))
            lookup, cell = lookup + 8, cell + 8
        at += 20
    return linked


LINKERS = {"linux-64": elf, "linux-aarch64": elf, "osx-arm64": macho, "win-64": coff}
