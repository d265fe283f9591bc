"""A computer with AVX-512, emulated by Bochs: Linux with one program, whose output is what comes back.

Debian's packages bring the emulator and the kernel; boot.S is all the firmware that there is and init.c the only other program.
Devices and the kernel's command line are pared down, since the emulator runs some tens of millions of instructions a second.
"""

import os
import pty
import re
import select
import shutil
import struct
import subprocess
import time
import tty
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / "target/bochs"
PACKAGES = ["bochs", "bochs-term", "bochsbios", "vgabios"]
CPU = "corei7_skylake_x"
SECTOR = 512
# How a program ends by SIGILL.
ILLEGAL = 4

# Where things go in memory. The kernel prefers 16 MiB and needs some 64 MiB from there on to unpack itself.
MEGABYTES = 256
PARAMETERS, COMMAND_LINE, KERNEL, INITRD = 0x10000, 0x11000, 0x1000000, 0x8000000

# `reboot=t` restarts by a triple fault, at which the emulator ends. Its XSAVES does not compact, at which the kernel would give up
# AVX, so that feature is cleared. At the default of 9600 baud the output alone takes a minute. The functions in the last line
# take seconds, or wait for what is not there. At `loglevel=5` the instruction is shown at which a signal ended a program.
KERNEL_OPTIONS = (
    "console=ttyS0,115200 loglevel=5 print-fatal-signals=1 panic=-1 reboot=t acpi=off pci=off mitigations=off init_on_alloc=0 audit=0"
    " nowatchdog tsc=reliable lpj=1000000 random.trust_cpu=on 8250.nr_uarts=1 cryptomgr.notests=1 clearcpuid={cleared}"
    " initcall_blacklist=i8042_init,trace_eval_init,load_system_certificate_list"
)
BROKEN_FEATURES = ("xsaves", "xsavec")

SETTINGS = """\
megs: {megabytes}
romimage: file=firmware.bin
cpu: model={cpu}, ips=50000000, reset_on_triple_fault=0
clock: sync=none
pci: enabled=0
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path=disk.img, mode=flat
boot: disk
com1: enabled=1, mode=term, dev={serial}
display_library: term
sound: driver=dummy
panic: action=fatal
error: action=ignore
info: action=ignore
log: bochs.log
"""


def _apt(*words, cwd=None):
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"`{' '.join(words)}` exited with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def _emulator():
    """The emulator's path; installs it where it is missing and this process may."""
    if not shutil.which("bochs-bin") or not list(Path("/usr/lib").glob("*/bochs/plugins/libbx_term_gui.so")):
        if os.geteuid() != 0:
            raise RuntimeError(f"Bochs is missing\nhint: apt-get install {' '.join(PACKAGES)}")
        _apt("apt-get", "update", "-qq")
        _apt("apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES)
    return shutil.which("bochs-bin")


def _download_kernel(folder):
    described = _apt("apt-cache", "depends", "linux-image-cloud-amd64")
    package = re.search(r"Depends: (linux-image-\S+)", described)
    if not package:
        raise RuntimeError(f"expected linux-image-cloud-amd64 to depend on a kernel, found:\n{described}")
    _apt("apt-get", "download", "-qq", package[1], cwd=folder)


def _kernel():
    """Debian's kernel for virtual machines, unpacked into the cache but not installed."""
    folder = CACHE / "kernel"
    if not list(folder.glob("boot/vmlinuz-*")):
        fresh = CACHE / f"kernel-{os.getpid()}"
        fresh.mkdir(parents=True)
        try:
            _download_kernel(fresh)
        except RuntimeError:
            # The lists may be missing, or name a version that the archive has replaced.
            if os.geteuid() != 0:
                raise
            _apt("apt-get", "update", "-qq")
            _download_kernel(fresh)
        (package,) = fresh.glob("*.deb")
        _apt("dpkg", "-x", str(package), str(fresh))
        package.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    return max(folder.glob("boot/vmlinuz-*")).read_bytes()


def libraries(program):
    """The shared libraries of a program, its loader included: {path in the initial file system: bytes}."""
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return {path[1:]: Path(path).read_bytes() for path in re.findall(r"(/\S+) \(0x", listed)}


def _archive(files):
    """An initial file system in cpio's "newc" form: {path: bytes}, every file executable, with /dev/console."""
    entries = {}
    for path, data in files.items():
        for parent in reversed(Path(path).parents[:-1]):
            entries[str(parent)] = (0o040755, b"", (0, 0))
        entries[path] = (0o100755, data, (0, 0))
    entries["dev"] = (0o040755, b"", (0, 0))
    entries["dev/console"] = (0o020600, b"", (5, 1))
    entries["TRAILER!!!"] = (0, b"", (0, 0))
    out = bytearray()
    for number, (path, (mode, data, device)) in enumerate(entries.items(), 1):
        name = path.encode() + b"\0"
        fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0]
        for part in (b"070701" + b"".join(b"%08X" % field for field in fields) + name, data):
            out += part + bytes(-len(part) % 4)
    return bytes(out)


def _boot_parameters(image, initrd_size, options):
    """The kernel's "zero page" and, on the next page, its command line."""
    page = bytearray(4096)
    header_end = 0x202 + image[0x201]
    page[0x1F1:header_end] = image[0x1F1:header_end]
    page[0x210] = 0xFF  # a boot loader without a number of its own
    struct.pack_into("<II", page, 0x218, INITRD, initrd_size)
    struct.pack_into("<I", page, 0x228, COMMAND_LINE)
    memory = [(0, 0x9F000), (0x100000, (MEGABYTES << 20) - 0x100000)]
    page[0x1E8] = len(memory)
    for index, (start, size) in enumerate(memory):
        struct.pack_into("<QQI", page, 0x2D0 + index * 20, start, size, 1)
    return bytes(page) + options.encode().ljust(4096, b"\0")


def _assemble(source, target, definitions, link, output):
    """Compiles one file for no system at all, and links it."""
    macros = [f"-D{name}={value}" for name, value in definitions.items()]
    stub = output.with_suffix(".o")
    flags = ["-O1", "-ffreestanding", "-fno-stack-protector", "-fno-pic"]
    subprocess.run(["clang-22", f"--target={target}", *flags, *macros, "-c", source, "-o", stub], check=True)
    subprocess.run(["ld.lld-22", *link, stub, "-o", output], check=True)
    return output.read_bytes()


def _padded(data, unit):
    return data + bytes(-len(data) % unit)


def make(folder, files, arguments, without=()):
    """Writes firmware and disk into `folder`. The guest will run `program` of `files` with `arguments`, under a system that uses
    no CPU feature named in `without`, although the CPU has them."""
    image = _kernel()
    words = "".join(f'"{word}",' for word in arguments)
    first = _assemble(HERE / "init.c", "x86_64-unknown-linux-gnu", {"ARGUMENTS": words}, ["-static"], folder / "init")
    initrd = _archive({**files, "init": first})
    options = KERNEL_OPTIONS.format(cleared=",".join([*BROKEN_FEATURES, *without]))
    real_mode = (image[0x1F1] + 1) * SECTOR
    contents = [_boot_parameters(image, len(initrd), options), image[real_mode:], initrd]
    parts = [_padded(content, SECTOR) for content in contents]
    # Whole cylinders of 16 heads and 63 sectors are what the emulator takes for a disk.
    (folder / "disk.img").write_bytes(_padded(b"".join(parts), 16 * 63 * SECTOR))
    macros = {"PARAMETERS": PARAMETERS, "KERNEL": KERNEL, "INITRD": INITRD}
    macros |= {f"{name}_SECTORS": len(part) // SECTOR for name, part in zip(list(macros), parts)}
    link = ["-m", "elf_i386", "-T", HERE / "boot.ld", "--oformat", "binary"]
    _assemble(HERE / "boot.S", "i386-unknown-linux-gnu", macros, link, folder / "firmware.bin")


def refused(text):
    """Whether the guest tells of a program that was ended by an instruction that Bochs 2.7 takes for an illegal one: gathers and scatters
    whose index is in one of the registers 16 to 31, so that V' is clear. Processors with AVX-512 execute them."""
    at = re.search(r"\] Code: .*<([0-9a-f]{2})>((?: [0-9a-f]{2}){4})", text)
    if not at or f"\nfailed with status 0x{ILLEGAL:04x}\n" not in text:
        return False
    prefix, escape, _, mask, opcode = bytes.fromhex(at[1] + at[2])
    return prefix == 0x62 and escape & 7 == 2 and not mask & 8 and opcode & 0xFC in (0x90, 0xA0)


def run(folder, cpu=CPU, bound=240, ends=(0,)):
    """Runs what `make` made and returns what the guest's program wrote. Raises RuntimeError, with all that the guest said, when
    the program ended with a status that is not one of `ends`, or did not end within `bound` seconds."""
    emulator = _emulator()
    # Both ends of the serial line are ours, and so is the terminal that the only display without a window wants.
    line, line_end = pty.openpty()
    screen, screen_end = pty.openpty()
    tty.setraw(line_end)
    (folder / "bochsrc").write_text(SETTINGS.format(cpu=cpu, megabytes=MEGABYTES, serial=os.ttyname(line_end)))
    # Debian builds the emulator with its debugger, which waits for a command first.
    (folder / "debugger").write_text("continue\n")
    command = [emulator, "-q", "-f", "bochsrc", "-rc", "debugger"]
    screens = dict.fromkeys(["stdin", "stdout", "stderr"], screen_end)
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, "TERM": "linux"}, start_new_session=True, **screens)
    written = {line: bytearray(), screen: bytearray()}
    end = time.monotonic() + bound
    try:
        while process.poll() is None and time.monotonic() < end:
            for source in select.select(list(written), [], [], 0.2)[0]:
                written[source] += os.read(source, 1 << 16)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    while select.select([line], [], [], 0)[0]:
        written[line] += os.read(line, 1 << 16)
    for descriptor in (line, line_end, screen, screen_end):
        os.close(descriptor)
    text = written[line].decode(errors="replace").replace("\r", "")
    if not any(f"\nended with status 0x{status:04x}\n" in text for status in ends):
        log = (folder / "bochs.log").read_text(errors="replace") if (folder / "bochs.log").exists() else ""
        raise RuntimeError(f"the guest's program failed, or did not end within {bound} s:\n{text}\nBochs says:\n{log}")
    return text
