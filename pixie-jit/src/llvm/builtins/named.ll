; Builtins that instruction selection calls by name, with half and bfloat as the types that they are in the IR.
; Only those that an object was found to need are kept.

declare float @__pixie_half_to_float(i16)
declare i16 @__pixie_float_to_half(float)
declare i16 @__pixie_double_to_half(double)
declare i16 @__pixie_float_to_bfloat(float)
declare i16 @__pixie_double_to_bfloat(double)

define float @__extendhfsf2(half %x) nounwind {
  %bits = bitcast half %x to i16
  %wide = call float @__pixie_half_to_float(i16 %bits)
  ret float %wide
}

define half @__truncsfhf2(float %x) nounwind {
  %bits = call i16 @__pixie_float_to_half(float %x)
  %narrow = bitcast i16 %bits to half
  ret half %narrow
}

define half @__truncdfhf2(double %x) nounwind {
  %bits = call i16 @__pixie_double_to_half(double %x)
  %narrow = bitcast i16 %bits to half
  ret half %narrow
}

define bfloat @__truncsfbf2(float %x) nounwind {
  %bits = call i16 @__pixie_float_to_bfloat(float %x)
  %narrow = bitcast i16 %bits to bfloat
  ret bfloat %narrow
}

define bfloat @__truncdfbf2(double %x) nounwind {
  %bits = call i16 @__pixie_double_to_bfloat(double %x)
  %narrow = bitcast i16 %bits to bfloat
  ret bfloat %narrow
}
