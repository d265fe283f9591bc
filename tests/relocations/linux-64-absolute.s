# Absolute fields of 32 bits, which only a program at a fixed low address may have.
        .text
        .globl  _start
_start:
        movl    $number, %eax                   # 32
        movl    table+12, %ecx                  # 32S
        movq    number(,%rdi,8), %rdx           # 32S
        movq    $table-4, %rax
        callq   outside
        movq    outside@GOTPCREL(%rip), %rax
        retq
        .section .rodata,"a",@progbits
        .p2align 2
table:  .long   number, number+3, _start-7      # 32
        .data
number: .quad   table
