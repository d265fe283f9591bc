# Every relocation of ELF x86-64 that the reader knows and that a shared library may have; see linux-64-absolute.s.
        .text
        .globl  start
        .type   start, @function
start:
        .cfi_startproc
        callq   inside@PLT                      # PLT32
        callq   outside@PLT
        jmp     far@PLT
        callq   nobody@PLT                      # weak, and nobody has it
        leaq    table(%rip), %rax               # PC32
        movl    $7, number+8(%rip)              # with bytes of the instruction after the field
        cmpb    $1, number+31(%rip)
        movq    outside_data@GOTPCREL(%rip), %rax       # REX_GOTPCRELX
        cmpq    number@GOTPCREL(%rip), %rax
        callq   *far@GOTPCREL(%rip)             # GOTPCRELX
        movl    number@GOTPCREL+4(%rip), %eax   # GOTPCREL: the upper half
        leaq    _GLOBAL_OFFSET_TABLE_(%rip), %rbx       # GOTPC32
        movabsq $_GLOBAL_OFFSET_TABLE_-., %rcx  # GOTPC64
        movabsq $number@GOTOFF, %rdx            # GOTOFF64
        retq
        .cfi_endproc
        .size   start, .-start

        .globl  inside
        .hidden inside
        .type   inside, @function
inside:
        .cfi_startproc
        .reloc  ., R_X86_64_NONE, 0
        .fill   24, 1, 0x90                     # code without relocations
        jne     start@PLT
        retq
        .cfi_endproc
        .size   inside, .-inside

        .section .rodata,"a",@progbits
        .p2align 3
table:                                          # a jump table, relative
        .long   inside-table                    # PC32
        .long   inside-.
        .quad   number-.                        # PC64
        .quad   number+0x123456789-.

        .section .data.rel.ro,"aw",@progbits
        .p2align 3
        .quad   start                           # 64
        .quad   number+40
        .quad   number-40
        .quad   outside
        .quad   outside_data+16
        .quad   nobody

        .data
        .p2align 4
        .globl  number
        .type   number, @object
number:
        .zero   32
        .size   number, 32
        .comm   shared, 24, 16
        .weak   nobody
        .bss
        .p2align 5
zeroes: .zero   100
        .section .data.more,"aw",@progbits
        .byte   1
        .quad   zeroes+99                       # misaligned
        .quad   shared
