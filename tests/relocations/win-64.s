# The relocations of COFF x86-64 that the reader knows, but for those that no instruction needs: ABSOLUTE, REL32_3 and REL32_5.
        .text
        .def    start; .scl 2; .type 32; .endef
        .globl  start
        .p2align 4
start:
        .seh_proc start
        subq    $40, %rsp
        .seh_stackalloc 40
        .seh_endprologue
        callq   inside                          # REL32
        callq   outside
        leaq    table(%rip), %rax
        leaq    outside(%rip), %rcx             # taken, not called
        movb    $7, number+8(%rip)              # REL32_1
        movw    $7, number+8(%rip)              # REL32_2
        shldl   $3, %eax, number+12(%rip)
        movl    $7, number+8(%rip)              # REL32_4
        movq    $7, number+16(%rip)
        movq    __imp_outside_cell(%rip), %rax
        callq   *__imp_outside(%rip)
        addq    $40, %rsp
        jmp     far
        .seh_endproc

        .section .text$zz,"xr",one_only,inside
        .def    inside; .scl 2; .type 32; .endef
        .globl  inside
        .p2align 4
inside:
        .seh_proc inside
        pushq   %rbx
        .seh_pushreg %rbx
        .seh_endprologue
        popq    %rbx
        retq
        .seh_endproc

        .section .text$aa,"xr"
        .def    early; .scl 2; .type 32; .endef
        .globl  early
        .p2align 4
early:                                          # before `start` in the image, after it in .pdata
        .seh_proc early
        pushq   %rsi
        .seh_pushreg %rsi
        .seh_endprologue
        popq    %rsi
        retq
        .seh_endproc

        .section .rdata,"dr"
        .p2align 3
table:
        .long   inside-table                    # REL32
        .long   inside-.
        .rva    start, number+12                # ADDR32NB
        .quad   start                           # ADDR64
        .quad   number+40
        .quad   number-40

        .data
        .p2align 4
        .globl  number
number:
        .zero   32
        .byte   1
        .quad   zeroes+99                       # misaligned
        .quad   shared
        .comm   shared, 24
        .bss
        .p2align 4
zeroes: .zero   100
