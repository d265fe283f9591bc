; Every relocation of Mach-O arm64 that the reader knows.
        .section __TEXT,__text,regular,pure_instructions
        .globl  _start
        .p2align 2
_start:
        .cfi_startproc
        bl      _inside                         ; BRANCH26
        bl      _outside
        bl      _inside+4                       ; ADDEND, BRANCH26
        b       _far
        adrp    x0, _number@PAGE+0x1001         ; ADDEND, PAGE21
        add     x0, x0, _number@PAGEOFF+0x1001  ; ADDEND, PAGEOFF12
        adrp    x3, _number@PAGE                ; PAGE21
        add     x1, x3, _number@PAGEOFF         ; PAGEOFF12
        ldrb    w4, [x3, _number@PAGEOFF+3]
        strh    w4, [x3, _number@PAGEOFF+6]
        ldr     w4, [x3, _number@PAGEOFF+12]
        ldr     x4, [x3, _number@PAGEOFF+24]
        ldr     q0, [x3, _number@PAGEOFF+16]
        adrp    x5, _number@GOTPAGE             ; GOT_LOAD_PAGE21, which lld relaxes: the symbol is inside
        ldr     x5, [x5, _number@GOTPAGEOFF]    ; GOT_LOAD_PAGEOFF12
        adrp    x6, _outside_data@GOTPAGE
        ldr     x6, [x6, _outside_data@GOTPAGEOFF]
        adrp    x7, _pointed@GOTPAGE            ; in the table anyway
        ldr     x7, [x7, _pointed@GOTPAGEOFF]
        ret
        .cfi_endproc
        .globl  _inside
        .p2align 2
_inside:
        .cfi_startproc
        ret
        ret
        .cfi_endproc

        .section __TEXT,__const
        .p2align 3
table:
        .long   _inside-table                   ; SUBTRACTOR, UNSIGNED, 4 bytes
        .long   _start-.
        .quad   _number-table                   ; 8 bytes
        .quad   _number-_inside+7
        .long   _pointed@GOT-.                  ; POINTER_TO_GOT, relative
        .section __TEXT,__literal8,8byte_literals
        .p2align 3
        .quad   0x3ff8000000000000
        .quad   0x4008000000000000
        .section __TEXT,__cstring,cstring_literals
        .asciz  "some text"

        .section __DATA,__const
        .p2align 3
        .quad   _start                          ; UNSIGNED
        .quad   _number+40
        .quad   _number-40
        .quad   _outside
        .quad   _outside_data+16

        .section __DATA,__data
        .globl  _number, _pointed
        .p2align 4
_number:
        .space  32
_pointed:
        .quad   0
        .byte   1
        .quad   _zeroes+99                      ; misaligned
        .quad   _shared
        .comm   _shared, 24, 4
        .zerofill __DATA,__bss,_zeroes,100,5
        .subsections_via_symbols
