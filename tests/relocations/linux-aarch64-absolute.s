// Absolute fields of 32 bits, which only a program at a fixed low address may have.
        .text
        .globl  _start
_start:
        bl      outside
        ret
        .section .rodata,"a",%progbits
        .p2align 2
table:  .word   number, number+3, _start-7      // ABS32
        .data
number: .xword  table
