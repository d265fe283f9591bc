/* The guest's first process: runs /program with each part of the arguments, which `--then` separates, says how each that failed
   ended and in the end how the last of them did, and restarts the machine. No C library is needed. */

enum { WRITE = 1, IOCTL = 16, FORK = 57, EXECVE = 59, EXIT = 60, WAIT4 = 61, REBOOT = 169 };

static long call(long number, long a, long b, long c, long d) {
    long result;
    register long fourth __asm__("r10") = d;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
    return result;
}

static int is_separator(const char *word) {
    const char *expected = "--then";
    while (*word && *word == *expected)
        word++, expected++;
    return *word == *expected;
}

/* Runs the program once; gives how it ended. */
static int run(char **arguments) {
    static char *environment[] = {"RUST_BACKTRACE=0", 0};
    int status = 0xffff;
    const long child = call(FORK, 0, 0, 0, 0);
    if (child == 0) {
        call(EXECVE, (long)"/program", (long)arguments, (long)environment, 0);
        call(EXIT, 127, 0, 0, 0);
    }
    call(WAIT4, child, (long)&status, 0, 0);
    return status;
}

static void tell(const char *what, int status) {
    char digits[] = "0000\n";
    long size = 0;
    while (what[size])
        size++;
    for (int digit = 0; digit < 4; digit++)
        digits[3 - digit] = "0123456789abcdef"[status >> 4 * digit & 15];
    call(WRITE, 1, (long)what, size, 0);
    call(WRITE, 1, (long)digits, sizeof digits - 1, 0);
}

__attribute__((force_align_arg_pointer)) void _start(void) {
    static char *arguments[] = {"/program", ARGUMENTS 0};
    int status = 0, ended;
    for (char **first = arguments, **word = arguments; first; word++) {
        if (*word && !is_separator(*word))
            continue;
        char **const next = *word ? word : 0;
        *word = 0;
        ended = run(first);
        if (ended)
            tell("\nfailed with status 0x", status = ended);
        first = next;
        if (next)
            *next = "/program";
    }
    tell("\nended with status 0x", status);
    call(IOCTL, 1, 0x5409, 1, 0); /* TCSBRK, as tcdrain does: the serial port is slower than this program. */
    call(REBOOT, 0xfee1dead, 0x28121969, 0x01234567, 0);
}
