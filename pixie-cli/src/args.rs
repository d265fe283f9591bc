//! The command line, as clap sees it: names, defaults and the help that teaches them.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use pixie_format::manifest::{Identity, StatusText};
use pixie_format::{IsaLevel, Platform};

/// Compile numeric functions once and ship them as one file that runs at full speed everywhere.
#[derive(Parser, Debug)]
#[command(name = "pixie", version, max_term_width = 110, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  pixie build kernels.c --export 'dot(a: f64[n], b: f64[n], n: usize) -> f64'
  pixie inspect kernels.pixie
  pixie run kernels.pixie dot 1,2,3 4,5,6
  python -c 'import pixie, kernels; print(kernels.dot(...))'

Exit codes: 0 done, 1 the input is at fault, 2 wrong usage; a kernel that aborts or faults ends `pixie run` by its signal.
Variables: PIXIE_USE_ISA forces an ISA level, PIXIE_CC names the C compiler (clang or zig), PIXIE_MEMORY=auto|anonymous|file
says which memory `run` puts code into, PIXIE_PERF_MAP=1 and PIXIE_GDB_JIT=1 tell perf and gdb about it.";

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Build a fat module from C, C++, LLVM IR or bitcode.
    Build(Box<BuildArgs>),
    /// Compile C or C++ to bitcode for one platform, which `build` takes.
    Bitcode(BitcodeArgs),
    /// Show what a module holds.
    Inspect(InspectArgs),
    /// Check every byte of modules.
    Verify(VerifyArgs),
    /// Call a function of a module.
    #[command(after_help = RUN_HELP)]
    Run(RunArgs),
    /// Show this machine's platform, processor features and the ISA levels that it can run.
    Host(HostArgs),
    /// Keep only some platforms' code. The build id stays, and `merge` puts the parts together again.
    #[command(after_help = THIN_HELP)]
    Thin(ThinArgs),
    /// Put thinned parts of one module together.
    Merge(MergeArgs),
    /// Take an object, its bitcode or a C header out of a module.
    Extract(ExtractArgs),
    /// Compile a module's bitcode again for one kind of processor, to a file beside it that is loaded instead where it fits.
    #[command(after_help = SPECIALIZE_HELP)]
    Specialize(SpecializeArgs),
    /// Link modules to one: what one of them imports another one exports, and is inlined.
    #[command(after_help = LINK_HELP)]
    Link(LinkArgs),
    /// Make a function of one whose arguments are known in part: numbers, or functions of other modules, which are inlined.
    #[command(after_help = FUSE_HELP)]
    Fuse(FuseArgs),
    /// Build a project's wheel, one for all platforms, from its `pyproject.toml`.
    #[command(after_help = WHEEL_HELP)]
    Wheel(WheelArgs),
    /// Build a project's source distribution.
    Sdist(SdistArgs),
    /// Show or clear what was compiled for this machine.
    #[command(after_help = CACHE_HELP)]
    Cache(CacheArgs),
    /// Serve compile requests on standard input; the tool starts this itself.
    #[command(name = "__worker", hide = true)]
    Worker {
        /// MiB of memory that it may take.
        #[arg(long)]
        memory: Option<u64>,
    },
}

const BUILD_HELP: &str = "\
Signatures:
  A signature says what C cannot: which pointers are arrays, and how long they are.
    'dot(a: f64[n], b: f64[n], n: usize) -> f64'        n is taken from the arrays' shapes
    'axpy(alpha: f64, x: f64[n], y: inout f64[n], n: usize)'
    'blur(img: f32[h, w], out: inout f32[h, w], h: usize, w: usize)'
    'add = add_f64(x: f64, y: f64) -> f64'              another name in Python than in C
  What a function returns as `status` raises unless it is 0; a line below its signature says what it means:
    root(x: f64, y: out f64) -> status
      status 3 the number is negative
  The word `ufunc` before a signature in a file is --ufunc:
    ufunc hypot3(x: f64, y: f64, z: f64) -> f64         called for each element, broadcasting
    ufunc inner(a: f64[n], b: f64[n], n: usize) -> f64  called for each core, (n),(n)->()
  Types: bool i8 i16 i32 i64 u8 u16 u32 u64 usize long ulong f32 f64 ptr; elements also c64 c128.
  Without --export and --exports every function that takes and returns only numbers is exported, its
  signature being read from the debug information.

Examples:
  pixie build kernels.c --exports kernels.sig
  pixie build fast.c --export 'area(r: f64) -> f64' -o dist/fast.pixie --platform linux-64 --platform win-64
  pixie build solver.cpp -I /usr/include/eigen3 --exports solver.sig
  pixie build hash.c -I include --isa linux-64=x86-64,x86-64-v3 --cflag=-DNDEBUG
  pixie build add.ll --export 'add(x: f64, y: f64) -> f64'";

#[derive(Args, Debug)]
#[command(after_help = BUILD_HELP)]
pub struct BuildArgs {
    /// C (.c), C++ (.cpp, .cc, .cxx), LLVM IR (.ll) or bitcode (.bc); several are linked into one module.
    #[arg(required = true, value_name = "SRC")]
    pub sources: Vec<PathBuf>,
    /// The module to write [default: NAME.pixie in this folder].
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The module's name [default: the output's name, or the first source's].
    #[arg(long)]
    pub name: Option<String>,
    /// Build for this platform; repeat for several [default: all four].
    #[arg(long = "platform", value_name = "P")]
    pub platforms: Vec<Platform>,
    /// The ISA levels of a platform, as `linux-64=x86-64,x86-64-v3`; repeat for several platforms [default: all].
    #[arg(long = "isa", value_name = "P=L,L", value_parser = parse_isa)]
    pub isas: Vec<IsaChoice>,
    /// A function to export, with its signature; repeat for several.
    #[arg(long = "export", value_name = "SIG")]
    pub exports: Vec<String>,
    /// A file of signatures, one a line; `#` begins a comment, which above a signature becomes its documentation.
    #[arg(long = "exports", value_name = "FILE")]
    pub export_files: Vec<PathBuf>,
    /// A function to export as a NumPy ufunc: of numbers, called for each element; of arrays, a generalised ufunc.
    #[arg(long = "ufunc", value_name = "SIG")]
    pub ufuncs: Vec<String>,
    /// What a reduction of a ufunc begins with, as `add=zero`: zero, one, minus-one, or reorderable for none over several axes.
    #[arg(long = "identity", value_name = "NAME=I", value_parser = parse_identity)]
    pub identities: Vec<(String, Identity)>,
    /// What a result of a `status` function means, as `root:3=the number is negative`; repeat for several.
    #[arg(long = "status", value_name = "NAME:CODE=TEXT", value_parser = parse_status)]
    pub statuses: Vec<(String, StatusText)>,
    /// Optimisation level.
    #[arg(short = 'O', value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=3))]
    pub opt: u8,
    /// Keep line tables in the objects.
    #[arg(short = 'g')]
    pub debug: bool,
    #[command(flatten)]
    pub front: FrontArgs,
    /// Let the objects refer to this symbol, which the process that loads the module must have.
    #[arg(long = "allow-import", value_name = "SYMBOL")]
    pub allow_imports: Vec<String>,
    /// Whether the C compiler runs once for each ISA level; auto does so when a source asks for ISA macros.
    #[arg(long, value_enum, default_value_t = PerLevel::Auto)]
    pub per_level: PerLevel,
    /// Give every variant the same results bit for bit: no contraction of a*b+c.
    #[arg(long)]
    pub reproducible: bool,
    /// Offer functions that take or return bare addresses (`ptr`).
    #[arg(long)]
    pub unsafe_pointers: bool,
    /// Keep Python's lock during calls of this function, whatever the size of its arrays; repeat for several.
    #[arg(long, value_name = "NAME")]
    pub gil: Vec<String>,
    /// Always release Python's lock during calls of this function; repeat for several.
    #[arg(long, value_name = "NAME")]
    pub nogil: Vec<String>,
    /// The module's docstring.
    #[arg(long, value_name = "TEXT")]
    pub doc: Option<String>,
    /// Text of the author's own, kept with the module.
    #[arg(long, value_name = "TEXT")]
    pub metadata: Option<String>,
    /// Text of the author's own, kept with this function; repeat for several.
    #[arg(long, value_name = "NAME=TEXT", value_parser = parse_metadata)]
    pub export_metadata: Vec<(String, String)>,
    /// Compile bitcode for platforms other than the one its triple names.
    #[arg(long)]
    pub portable: bool,
    /// Compile so many objects at once [default: the number of processors].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Print what was built as one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Print nothing but warnings and errors.
    #[arg(short, long, conflicts_with = "json")]
    pub quiet: bool,
}

/// What the C compiler is told.
#[derive(Args, Debug)]
pub struct FrontArgs {
    /// Folder to search for headers.
    #[arg(short = 'I', value_name = "DIR")]
    pub include: Vec<PathBuf>,
    /// Define a macro.
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    pub define: Vec<String>,
    /// Pass a flag to the C compiler; repeat for several, as `--cflag=-Wall`.
    #[arg(long = "cflag", value_name = "F", allow_hyphen_values = true)]
    pub cflags: Vec<String>,
}

#[derive(Args, Debug)]
pub struct BitcodeArgs {
    /// The source.
    #[arg(value_name = "SRC")]
    pub source: PathBuf,
    /// The bitcode to write.
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
    /// The platform [default: this one].
    #[arg(long, value_name = "P")]
    pub platform: Option<Platform>,
    #[command(flatten)]
    pub front: FrontArgs,
    /// No contraction of a*b+c.
    #[arg(long)]
    pub reproducible: bool,
}

/// When the C compiler runs once for each ISA level.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum PerLevel {
    /// When a source, or a header it includes, mentions an ISA macro.
    Auto,
    /// For every C source.
    Always,
    /// Only once for each platform.
    Never,
}

const INSPECT_HELP: &str = "\
Examples:
  pixie inspect kernels.pixie
  pixie inspect kernels.pixie --pyi > kernels.pyi
  pixie inspect kernels.pixie --disasm --function dot --platform win-64 --isa x86-64-v3
  pixie inspect kernels.pixie --cfg --function dot | dot -Tsvg -o dot.svg";

#[derive(Args, Debug)]
#[command(after_help = INSPECT_HELP, group = ArgGroup::new("view"), group = ArgGroup::new("code"))]
pub struct InspectArgs {
    /// The module.
    pub file: PathBuf,
    /// Print one JSON object, whose keys stay stable.
    #[arg(long, group = "view")]
    pub json: bool,
    /// Print a stub, which tells type checkers and editors the types of the functions.
    #[arg(long, group = "view")]
    pub pyi: bool,
    /// Print LLVM IR: as it is stored, or optimised for the level of --isa.
    #[arg(long, groups = ["view", "code"])]
    pub llvm: bool,
    /// Print assembly, compiled anew from the bitcode.
    #[arg(long, groups = ["view", "code"])]
    pub asm: bool,
    /// Print the flow graph of the optimised functions, in Graphviz' language DOT.
    #[arg(long, groups = ["view", "code"])]
    pub cfg: bool,
    /// Print the machine code of the stored object, disassembled.
    #[arg(long, groups = ["view", "code"])]
    pub disasm: bool,
    /// Print only this function, by its name in Python or its symbol; repeat for several.
    #[arg(long = "function", value_name = "NAME", requires = "code")]
    pub functions: Vec<String>,
    /// The platform whose code to print [default: this one].
    #[arg(long, value_name = "P")]
    pub platform: Option<Platform>,
    /// The ISA level whose code to print [default: the best that this machine runs].
    #[arg(long, value_name = "L")]
    pub isa: Option<String>,
    /// Refuse the file if it is not the module with this build id.
    #[arg(long, value_name = "ID")]
    pub build_id: Option<String>,
}

#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The modules.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

const RUN_HELP: &str = "\
Arguments are numbers, true or false, and arrays as 1,2,3 or 1,2;3,4 for two rows (`zeros(3,4)` makes one).
Arguments that are taken from an array's shape are left out. What the function writes is printed after it.
An array that begins with a minus goes behind `--`.

Examples:
  pixie run kernels.pixie dot 1,2,3 4,5,6
  PIXIE_USE_ISA=baseline pixie run kernels.pixie polynomial 1,0,2 0.5,1.5 'zeros(2)'
  pixie run kernels.pixie dot -- -1,2 3,-4

To compare two machines, write calls into a file, one a line, with a value for each number, as in
  dot n=1000
  axpy alpha=0.5 n=1000
and run `pixie run kernels.pixie --calls FILE` on both: arrays are filled in the same way everywhere, and results
of more than 16 elements are printed as their hash.";

#[derive(Args, Debug)]
pub struct RunArgs {
    /// The module.
    pub file: PathBuf,
    /// The function's name.
    #[arg(required_unless_present = "calls")]
    pub function: Option<String>,
    /// Its arguments.
    #[arg(value_name = "ARG", allow_negative_numbers = true)]
    pub arguments: Vec<String>,
    /// Make the calls of this file instead, on every ISA level, with generated arrays, and print hashes of what comes out.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["function", "json"])]
    pub calls: Option<PathBuf>,
    /// Force an ISA level.
    #[arg(long, value_name = "L", env = "PIXIE_USE_ISA")]
    pub isa: Option<String>,
    /// Execute the code of another platform with the same processor: win-64 on linux-64, osx-arm64 on linux-aarch64.
    #[arg(long = "as", value_name = "P")]
    pub platform: Option<Platform>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct HostArgs {
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

const SPECIALIZE_HELP: &str = "\
Examples:
  pixie specialize kernels.pixie                          for the processor of this machine
  pixie specialize kernels.pixie --cpu znver4 --cpu sapphirerapids
  pixie specialize kernels.pixie --platform osx-arm64 --cpu apple-m4 -o m4.pixie";

#[derive(Args, Debug)]
pub struct SpecializeArgs {
    /// The module, which stays as it is.
    pub file: PathBuf,
    /// The kind of processor, by LLVM's name, or `native` for this one; repeat for several [default: native].
    #[arg(long = "cpu", value_name = "NAME")]
    pub cpus: Vec<String>,
    /// The features that `native` has, separated by spaces [default: those that this machine tells].
    #[arg(long, value_name = "FEATURES", hide = true)]
    pub features: Option<String>,
    /// The platform [default: this one].
    #[arg(long, value_name = "P")]
    pub platform: Option<Platform>,
    /// The module to write, `-` for standard output [default: NAME.specialized.pixie beside the module].
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Refuse the file if it is not the module with this build id.
    #[arg(long, value_name = "ID")]
    pub build_id: Option<String>,
    #[command(flatten)]
    pub limits: Limits,
    /// Print what was made as one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Print nothing but warnings and errors.
    #[arg(short, long, conflicts_with = "json")]
    pub quiet: bool,
}

/// What compiling bitcode of somebody else's may take.
#[derive(Args, Clone, Copy, Debug)]
pub struct Limits {
    /// Give up on an object after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,
    /// Give up on an object that takes more memory than so many MiB.
    #[arg(long, value_name = "MIB", default_value_t = 8192, value_parser = clap::value_parser!(u64).range(1..))]
    pub memory: u64,
}

const LINK_HELP: &str = "\
Examples:
  pixie build solver.c --allow-import objective -o solver.pixie       calls `double objective(double)`
  pixie link solver.pixie objective.pixie -o both.pixie";

#[derive(Args, Debug)]
pub struct LinkArgs {
    /// The modules, which stay as they are.
    #[arg(required = true, num_args = 2.., value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The module to write.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// The name of the module [default: that of the file].
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The module's docstring [default: those of all, one after the other].
    #[arg(long, value_name = "TEXT")]
    pub doc: Option<String>,
    /// Export this function only; repeat for several [default: the exports of all].
    #[arg(long = "export", value_name = "NAME")]
    pub exports: Vec<String>,
    /// Link for this platform only; repeat for several [default: those that all modules have].
    #[arg(long = "platform", value_name = "P")]
    pub platforms: Vec<Platform>,
    #[command(flatten)]
    pub limits: Limits,
    /// Print nothing but warnings and errors.
    #[arg(short, long)]
    pub quiet: bool,
}

const FUSE_HELP: &str = "\
Examples:
  pixie fuse solvers.pixie newton --with f=models.pixie:price -o price.pixie
  pixie fuse kernels.pixie blur --value w=1920 --value h=1080 -o blur.pixie

In Python: pixie.fuse(solvers.newton, models.price), kernels.__pixie__.specialize('blur', w=1920, h=1080).";

#[derive(Args, Debug)]
pub struct FuseArgs {
    /// The module, which stays as it is.
    pub file: PathBuf,
    /// The function, by its name in Python or its symbol.
    pub function: String,
    /// The function that takes the place of a parameter of the type `ptr`; repeat for several.
    #[arg(long = "with", value_name = "PARAMETER=FILE:FUNCTION")]
    pub with: Vec<String>,
    /// The number that takes the place of a parameter; repeat for several.
    #[arg(long = "value", value_name = "PARAMETER=VALUE")]
    pub values: Vec<String>,
    /// The kind of processor, by LLVM's name [default: native].
    #[arg(long, value_name = "NAME")]
    pub cpu: Option<String>,
    /// The features that `native` has, separated by spaces [default: those that this machine tells].
    #[arg(long, value_name = "FEATURES", hide = true)]
    pub features: Option<String>,
    /// The module to write, `-` for standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Refuse files that are not the modules with these build ids: the function's, then one for each --with.
    #[arg(long = "build-id", value_name = "ID", hide = true)]
    pub build_ids: Vec<String>,
    #[command(flatten)]
    pub limits: Limits,
    /// Print nothing but warnings and errors.
    #[arg(short, long)]
    pub quiet: bool,
}

const WHEEL_HELP: &str = "\
The project says in `pyproject.toml` what it is and how its modules are built:
  [build-system]
  requires = [\"pixie-toolchain\"]
  build-backend = \"pixie_build\"

  [project]
  name = \"fastmath\"
  version = \"0.1.0\"
  dependencies = [\"pixie-runtime\"]

  [tool.pixie]
  module = \"fastmath._kernels\"
  sources = [\"src/kernels.c\"]
  exports = [\"area(radius: f64) -> f64\"]

Examples:
  pixie wheel
  pixie wheel --standalone --runtimes DIR --platform linux-64     with the runtime inside, for one platform";

#[derive(Args, Debug)]
pub struct WheelArgs {
    /// The folder of the project.
    #[arg(default_value = ".", value_name = "DIR")]
    pub project: PathBuf,
    /// The folder to write to; made if need be.
    #[arg(short, long, value_name = "DIR", default_value = "dist")]
    pub output: PathBuf,
    /// Build for this platform only; repeat for several [default: what the project says, or all four].
    #[arg(long = "platform", value_name = "P")]
    pub platforms: Vec<Platform>,
    /// Make a wheel for each platform, which brings the runtime and depends on nothing.
    #[arg(long, requires = "runtimes")]
    pub standalone: bool,
    /// The folder with the wheels of pixie-runtime that --standalone takes the runtimes from.
    #[arg(long, value_name = "DIR", requires = "standalone")]
    pub runtimes: Option<PathBuf>,
    /// Build into the project, and a wheel that points there; `pip install -e` asks for it.
    #[arg(long, conflicts_with = "standalone")]
    pub editable: bool,
    /// Write the metadata only.
    #[arg(long, hide = true, conflicts_with_all = ["standalone", "editable"])]
    pub metadata_only: bool,
    /// Compile so many objects at once [default: the number of processors].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Print the names of what was written as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct SdistArgs {
    /// The folder of the project.
    #[arg(default_value = ".", value_name = "DIR")]
    pub project: PathBuf,
    /// The folder to write to; made if need be.
    #[arg(short, long, value_name = "DIR", default_value = "dist")]
    pub output: PathBuf,
    /// Print the name of what was written as one JSON object.
    #[arg(long)]
    pub json: bool,
}

const CACHE_HELP: &str = "\
Variables: PIXIE_CACHE_DIR names the folder, PIXIE_CACHE_SIZE bounds it (as 500M; 1G without it), PIXIE_CACHE_SEED names
folders that are read before it and never written, separated as on PATH.";

#[derive(Args, Debug)]
pub struct CacheArgs {
    #[command(subcommand)]
    pub command: CacheCommand,
}

#[derive(Subcommand, Debug)]
pub enum CacheCommand {
    /// Print the folder that is written to.
    Dir,
    /// List what is there, the last used first.
    List {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Remove everything from the folder that is written to.
    Clear,
}

const THIN_HELP: &str = "\
Examples:
  pixie thin kernels.pixie --platform linux-64 -o thin.pixie
  pixie thin --installed fastmath                                 what pip has installed, to this machine's platform";

#[derive(Args, Debug)]
pub struct ThinArgs {
    /// The module.
    #[arg(required_unless_present = "installed")]
    pub file: Option<PathBuf>,
    /// The platform to keep; repeat for several [default with --installed: this one].
    #[arg(long = "platform", value_name = "P", required_unless_present = "installed")]
    pub platforms: Vec<Platform>,
    /// The module to write.
    #[arg(short, long, value_name = "FILE", required_unless_present = "installed")]
    pub output: Option<PathBuf>,
    /// Thin the modules of this installed distribution, where they are.
    #[arg(long, value_name = "PACKAGE", conflicts_with_all = ["file", "output"])]
    pub installed: Option<String>,
    /// The interpreter that it is installed for [default: the virtual environment's, the one beside this command, or python3].
    #[arg(long, value_name = "PROGRAM", requires = "installed")]
    pub python: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct MergeArgs {
    /// The parts.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The module to write.
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
}

#[derive(Args, Debug)]
pub struct ExtractArgs {
    /// The module.
    pub file: PathBuf,
    /// The platform [default: this one].
    #[arg(long, value_name = "P")]
    pub platform: Option<Platform>,
    /// The ISA level.
    #[arg(long, value_name = "L", default_value = "baseline")]
    pub isa: String,
    /// Take the native object; the default.
    #[arg(long, conflicts_with_all = ["bitcode", "header"])]
    pub object: bool,
    /// Take the bitcode that the object was compiled from.
    #[arg(long, conflicts_with = "header")]
    pub bitcode: bool,
    /// Write a C header of the exports.
    #[arg(long)]
    pub header: bool,
    /// The file to write.
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
}

/// The levels chosen for one platform.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "jit"), expect(dead_code, reason = "a command without the compiler builds nothing"))]
pub struct IsaChoice {
    pub platform: Platform,
    pub levels: Vec<&'static IsaLevel>,
}

pub fn parse_identity(text: &str) -> Result<(String, Identity), String> {
    let known = [
        ("zero", Identity::Zero),
        ("one", Identity::One),
        ("minus-one", Identity::MinusOne),
        ("reorderable", Identity::Reorderable),
    ];
    let parts = text.split_once('=');
    let found = parts.and_then(|(name, wanted)| {
        known.into_iter().find(|(word, _)| *word == wanted.trim()).map(|(_, it)| (name.trim().to_owned(), it))
    });
    found.ok_or_else(|| {
        "expected NAME=zero, NAME=one, NAME=minus-one or NAME=reorderable\nhint: for example add=zero"
            .to_owned()
    })
}

fn parse_status(text: &str) -> Result<(String, StatusText), String> {
    let parts = text.split_once(':').and_then(|(name, rest)| Some((name, rest.split_once('=')?)));
    let found =
        parts.and_then(|(name, (code, text))| Some((name.trim().to_owned(), status_text(code, text)?)));
    found.ok_or_else(|| {
        "expected NAME:CODE=TEXT with a code of 32 bits other than 0\nhint: for example root:3=the number is negative"
            .to_owned()
    })
}

/// The meaning of a result, if `code` can be one.
pub fn status_text(code: &str, text: &str) -> Option<StatusText> {
    let code = code.trim().parse().ok().filter(|code| *code != 0)?;
    let text = text.trim();
    (!text.is_empty()).then(|| StatusText { code, text: text.to_owned() })
}

fn parse_metadata(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, text)) => Ok((name.to_owned(), text.to_owned())),
        None => Err("expected NAME=TEXT, with the name of an export".to_owned()),
    }
}

pub fn parse_isa(text: &str) -> Result<IsaChoice, String> {
    let Some((platform, levels)) = text.split_once('=') else {
        return Err("expected PLATFORM=LEVEL,LEVEL\nhint: for example linux-64=x86-64,x86-64-v3".to_owned());
    };
    let platform: Platform = platform.parse().map_err(|error: pixie_format::Error| error.to_string())?;
    let mut chosen: Vec<&'static IsaLevel> = levels
        .split(',')
        .map(|name| platform.level(name.trim()))
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    // The order of the platform's own table is what selection goes by.
    chosen.sort_by_key(|level| platform.levels().iter().position(|known| known == *level));
    chosen.dedup();
    Ok(IsaChoice { platform, levels: chosen })
}
