source_filename = "builtins.c"

; Function Attrs: nofree norecurse nosync nounwind memory(none)
define i128 @__pixie_udiv(i128 noundef %0, i128 noundef %1) local_unnamed_addr #0 {
  %3 = alloca i128, align 16
  call void @llvm.lifetime.start.p0(ptr nonnull %3) #9
  %4 = call fastcc i128 @divide(i128 noundef %0, i128 noundef %1, ptr noundef %3) #10
  call void @llvm.lifetime.end.p0(ptr nonnull %3) #9
  ret i128 %4
}

; Function Attrs: mustprogress nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.start.p0(ptr captures(none)) #1

; Function Attrs: nofree norecurse nosync nounwind memory(argmem: write)
define internal fastcc i128 @divide(i128 noundef %0, i128 noundef %1, ptr noundef nonnull writeonly captures(none) %2) unnamed_addr #2 {
  %4 = lshr i128 %0, 64
  %5 = trunc nuw i128 %4 to i64
  %6 = icmp eq i128 %4, 0
  %7 = icmp ult i128 %1, 18446744073709551616
  %8 = and i1 %6, %7
  br i1 %8, label %9, label %16

9:                                                ; preds = %3
  %10 = trunc nuw i128 %0 to i64
  %11 = trunc nuw i128 %1 to i64
  %12 = urem i64 %10, %11
  %13 = zext i64 %12 to i128
  store i128 %13, ptr %2, align 16, !tbaa !5
  %14 = udiv i64 %10, %11
  %15 = zext i64 %14 to i128
  br label %138

16:                                               ; preds = %3
  %17 = icmp ult i128 %0, %1
  br i1 %17, label %18, label %19

18:                                               ; preds = %16
  store i128 %0, ptr %2, align 16, !tbaa !5
  br label %138

19:                                               ; preds = %16
  %20 = lshr i128 %1, 64
  %21 = icmp eq i128 %20, 0
  br i1 %21, label %22, label %77

22:                                               ; preds = %19
  %23 = trunc nuw i128 %1 to i64
  %24 = urem i64 %5, %23
  %25 = udiv i64 %5, %23
  %26 = tail call range(i64 0, 65) i64 @llvm.ctlz.i64(i64 %23, i1 true)
  %27 = zext i64 %24 to i128
  %28 = shl nuw i128 %27, 64
  %29 = and i128 %0, 18446744073709551615
  %30 = or disjoint i128 %28, %29
  %31 = zext nneg i64 %26 to i128
  %32 = shl i128 %30, %31
  %33 = shl i64 %23, %26
  %34 = lshr i128 %32, 64
  %35 = trunc nuw i128 %34 to i64
  %36 = trunc i128 %32 to i64
  %37 = lshr i64 %33, 32
  %38 = and i64 %33, 4294967295
  br label %39

39:                                               ; preds = %60, %22
  %40 = phi i64 [ 32, %22 ], [ %68, %60 ]
  %41 = phi i64 [ 0, %22 ], [ %67, %60 ]
  %42 = phi i64 [ %35, %22 ], [ %65, %60 ]
  %43 = lshr i64 %36, %40
  %44 = and i64 %43, 4294967295
  %45 = udiv i64 %42, %37
  %46 = urem i64 %42, %37
  br label %47

47:                                               ; preds = %56, %39
  %48 = phi i64 [ %45, %39 ], [ %57, %56 ]
  %49 = phi i64 [ %46, %39 ], [ %58, %56 ]
  %50 = icmp ult i64 %48, 4294967296
  br i1 %50, label %51, label %56

51:                                               ; preds = %47
  %52 = mul nuw i64 %48, %38
  %53 = shl nuw i64 %49, 32
  %54 = or disjoint i64 %53, %44
  %55 = icmp ugt i64 %52, %54
  br i1 %55, label %56, label %60

56:                                               ; preds = %51, %47
  %57 = add i64 %48, -1
  %58 = add nuw nsw i64 %49, %37
  %59 = icmp samesign ult i64 %58, 4294967296
  br i1 %59, label %47, label %60, !llvm.loop !7

60:                                               ; preds = %56, %51
  %61 = phi i64 [ %57, %56 ], [ %48, %51 ]
  %62 = shl i64 %42, 32
  %63 = or disjoint i64 %62, %44
  %64 = mul i64 %33, %61
  %65 = sub i64 %63, %64
  %66 = shl i64 %41, 32
  %67 = or i64 %61, %66
  %68 = add nsw i64 %40, -32
  %69 = icmp eq i64 %40, 0
  br i1 %69, label %70, label %39, !llvm.loop !10

70:                                               ; preds = %60
  %71 = lshr i64 %65, %26
  %72 = zext i64 %71 to i128
  store i128 %72, ptr %2, align 16, !tbaa !5
  %73 = zext i64 %25 to i128
  %74 = shl nuw i128 %73, 64
  %75 = zext i64 %67 to i128
  %76 = or disjoint i128 %74, %75
  br label %138

77:                                               ; preds = %19
  %78 = trunc nuw i128 %20 to i64
  %79 = tail call range(i64 0, 65) i64 @llvm.ctlz.i64(i64 %78, i1 true)
  %80 = lshr i128 %0, 1
  %81 = zext nneg i64 %79 to i128
  %82 = shl i128 %1, %81
  %83 = lshr i128 %82, 64
  %84 = trunc nuw i128 %83 to i64
  %85 = tail call range(i64 0, 65) i64 @llvm.ctlz.i64(i64 %84, i1 true)
  %86 = zext nneg i64 %85 to i128
  %87 = shl i128 %80, %86
  %88 = shl i64 %84, %85
  %89 = lshr i128 %87, 64
  %90 = trunc nuw i128 %89 to i64
  %91 = trunc i128 %87 to i64
  %92 = lshr i64 %88, 32
  %93 = and i64 %88, 4294967295
  br label %94

94:                                               ; preds = %115, %77
  %95 = phi i64 [ 32, %77 ], [ %123, %115 ]
  %96 = phi i64 [ 0, %77 ], [ %122, %115 ]
  %97 = phi i64 [ %90, %77 ], [ %120, %115 ]
  %98 = lshr i64 %91, %95
  %99 = and i64 %98, 4294967295
  %100 = udiv i64 %97, %92
  %101 = urem i64 %97, %92
  br label %102

102:                                              ; preds = %111, %94
  %103 = phi i64 [ %100, %94 ], [ %112, %111 ]
  %104 = phi i64 [ %101, %94 ], [ %113, %111 ]
  %105 = icmp ult i64 %103, 4294967296
  br i1 %105, label %106, label %111

106:                                              ; preds = %102
  %107 = mul nuw i64 %103, %93
  %108 = shl nuw i64 %104, 32
  %109 = or disjoint i64 %108, %99
  %110 = icmp ugt i64 %107, %109
  br i1 %110, label %111, label %115

111:                                              ; preds = %106, %102
  %112 = add i64 %103, -1
  %113 = add nuw nsw i64 %104, %92
  %114 = icmp samesign ult i64 %113, 4294967296
  br i1 %114, label %102, label %115, !llvm.loop !7

115:                                              ; preds = %111, %106
  %116 = phi i64 [ %112, %111 ], [ %103, %106 ]
  %117 = shl i64 %97, 32
  %118 = or disjoint i64 %117, %99
  %119 = mul i64 %88, %116
  %120 = sub i64 %118, %119
  %121 = shl i64 %96, 32
  %122 = or i64 %116, %121
  %123 = add nsw i64 %95, -32
  %124 = icmp eq i64 %95, 0
  br i1 %124, label %125, label %94, !llvm.loop !10

125:                                              ; preds = %115
  %126 = xor i64 %79, 63
  %127 = lshr i64 %122, %126
  %128 = tail call i64 @llvm.usub.sat.i64(i64 %127, i64 1)
  %129 = zext i64 %128 to i128
  %130 = mul i128 %1, %129
  %131 = sub i128 %0, %130
  %132 = icmp uge i128 %131, %1
  %133 = zext i1 %132 to i64
  %134 = add nuw i64 %128, %133
  %135 = select i1 %132, i128 %1, i128 0
  %136 = sub nuw i128 %131, %135
  store i128 %136, ptr %2, align 16, !tbaa !5
  %137 = zext i64 %134 to i128
  br label %138

138:                                              ; preds = %70, %125, %18, %9
  %139 = phi i128 [ %15, %9 ], [ 0, %18 ], [ %76, %70 ], [ %137, %125 ]
  ret i128 %139
}

; Function Attrs: mustprogress nocallback nofree nosync nounwind willreturn memory(argmem: readwrite)
declare void @llvm.lifetime.end.p0(ptr captures(none)) #1

; Function Attrs: nofree norecurse nosync nounwind memory(none)
define i128 @__pixie_urem(i128 noundef %0, i128 noundef %1) local_unnamed_addr #0 {
  %3 = alloca i128, align 16
  call void @llvm.lifetime.start.p0(ptr nonnull %3) #9
  %4 = call fastcc i128 @divide(i128 noundef %0, i128 noundef %1, ptr noundef %3) #10
  %5 = load i128, ptr %3, align 16, !tbaa !5
  call void @llvm.lifetime.end.p0(ptr nonnull %3) #9
  ret i128 %5
}

; Function Attrs: nofree norecurse nosync nounwind memory(none)
define i128 @__pixie_sdiv(i128 noundef %0, i128 noundef %1) local_unnamed_addr #0 {
  %3 = alloca i128, align 16
  call void @llvm.lifetime.start.p0(ptr nonnull %3) #9
  %4 = tail call noundef range(i128 0, -170141183460469231731687303715884105727) i128 @llvm.abs.i128(i128 %0, i1 false)
  %5 = tail call noundef range(i128 0, -170141183460469231731687303715884105727) i128 @llvm.abs.i128(i128 %1, i1 false)
  %6 = call fastcc i128 @divide(i128 noundef %4, i128 noundef %5, ptr noundef %3) #10
  %7 = lshr i128 %0, 127
  %8 = trunc nuw nsw i128 %7 to i32
  %9 = lshr i128 %1, 127
  %10 = trunc nuw nsw i128 %9 to i32
  %11 = icmp eq i32 %8, %10
  %12 = sub i128 0, %6
  %13 = select i1 %11, i128 %6, i128 %12
  call void @llvm.lifetime.end.p0(ptr nonnull %3) #9
  ret i128 %13
}

; Function Attrs: nofree norecurse nosync nounwind memory(none)
define i128 @__pixie_srem(i128 noundef %0, i128 noundef %1) local_unnamed_addr #0 {
  %3 = alloca i128, align 16
  call void @llvm.lifetime.start.p0(ptr nonnull %3) #9
  %4 = tail call noundef range(i128 0, -170141183460469231731687303715884105727) i128 @llvm.abs.i128(i128 %0, i1 false)
  %5 = tail call noundef range(i128 0, -170141183460469231731687303715884105727) i128 @llvm.abs.i128(i128 %1, i1 false)
  %6 = call fastcc i128 @divide(i128 noundef %4, i128 noundef %5, ptr noundef %3) #10
  %7 = icmp slt i128 %0, 0
  %8 = load i128, ptr %3, align 16
  %9 = sub i128 0, %8
  %10 = select i1 %7, i128 %9, i128 %8
  call void @llvm.lifetime.end.p0(ptr nonnull %3) #9
  ret i128 %10
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(none)
define i128 @__pixie_fptoui(double noundef %0) local_unnamed_addr #3 {
  %2 = fcmp ult double %0, 1.000000e+00
  br i1 %2, label %22, label %3

3:                                                ; preds = %1
  %4 = fcmp ult double %0, 0x47F0000000000000
  br i1 %4, label %5, label %22

5:                                                ; preds = %3
  %6 = bitcast double %0 to i64
  %7 = and i64 %6, 4503599627370495
  %8 = or disjoint i64 %7, 4503599627370496
  %9 = lshr i64 %6, 52
  %10 = icmp ult i64 %6, 4841369599423283200
  br i1 %10, label %11, label %16

11:                                               ; preds = %5
  %12 = sub nsw i64 1075, %9
  %13 = and i64 %12, 4294967295
  %14 = lshr i64 %8, %13
  %15 = zext nneg i64 %14 to i128
  br label %22

16:                                               ; preds = %5
  %17 = trunc nuw nsw i64 %9 to i32
  %18 = add nsw i32 %17, -1075
  %19 = zext nneg i64 %8 to i128
  %20 = zext nneg i32 %18 to i128
  %21 = shl i128 %19, %20
  br label %22

22:                                               ; preds = %11, %16, %3, %1
  %23 = phi i128 [ 0, %1 ], [ -1, %3 ], [ %15, %11 ], [ %21, %16 ]
  ret i128 %23
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(none)
define i128 @__pixie_fptosi(double noundef %0) local_unnamed_addr #3 {
  %2 = fcmp uno double %0, 0.000000e+00
  br i1 %2, label %53, label %3

3:                                                ; preds = %1
  %4 = fcmp ult double %0, 0x47E0000000000000
  br i1 %4, label %5, label %53

5:                                                ; preds = %3
  %6 = fcmp ugt double %0, 0xC7E0000000000000
  br i1 %6, label %7, label %53

7:                                                ; preds = %5
  %8 = fcmp olt double %0, 0.000000e+00
  br i1 %8, label %9, label %32

9:                                                ; preds = %7
  %10 = fcmp ugt double %0, -1.000000e+00
  br i1 %10, label %29, label %11

11:                                               ; preds = %9
  %12 = fneg double %0
  %13 = bitcast double %12 to i64
  %14 = and i64 %13, 4503599627370495
  %15 = or disjoint i64 %14, 4503599627370496
  %16 = lshr i64 %13, 52
  %17 = icmp ult i64 %13, 4841369599423283200
  br i1 %17, label %18, label %23

18:                                               ; preds = %11
  %19 = sub nsw i64 1075, %16
  %20 = and i64 %19, 4294967295
  %21 = lshr i64 %15, %20
  %22 = zext nneg i64 %21 to i128
  br label %29

23:                                               ; preds = %11
  %24 = trunc nuw nsw i64 %16 to i32
  %25 = add nsw i32 %24, -1075
  %26 = zext nneg i64 %15 to i128
  %27 = zext nneg i32 %25 to i128
  %28 = shl i128 %26, %27
  br label %29

29:                                               ; preds = %9, %18, %23
  %30 = phi i128 [ 0, %9 ], [ %28, %23 ], [ %22, %18 ]
  %31 = sub i128 0, %30
  br label %53

32:                                               ; preds = %7
  %33 = fcmp ult double %0, 1.000000e+00
  br i1 %33, label %53, label %34

34:                                               ; preds = %32
  %35 = fcmp ult double %0, 0x47F0000000000000
  br i1 %35, label %36, label %53

36:                                               ; preds = %34
  %37 = bitcast double %0 to i64
  %38 = and i64 %37, 4503599627370495
  %39 = or disjoint i64 %38, 4503599627370496
  %40 = lshr i64 %37, 52
  %41 = icmp ult i64 %37, 4841369599423283200
  br i1 %41, label %42, label %47

42:                                               ; preds = %36
  %43 = sub nsw i64 1075, %40
  %44 = and i64 %43, 4294967295
  %45 = lshr i64 %39, %44
  %46 = zext nneg i64 %45 to i128
  br label %53

47:                                               ; preds = %36
  %48 = trunc nuw nsw i64 %40 to i32
  %49 = add nsw i32 %48, -1075
  %50 = zext nneg i64 %39 to i128
  %51 = zext nneg i32 %49 to i128
  %52 = shl i128 %50, %51
  br label %53

53:                                               ; preds = %47, %42, %34, %32, %29, %5, %3, %1
  %54 = phi i128 [ -170141183460469231731687303715884105728, %5 ], [ 0, %1 ], [ 170141183460469231731687303715884105727, %3 ], [ %31, %29 ], [ 0, %32 ], [ -1, %34 ], [ %46, %42 ], [ %52, %47 ]
  ret i128 %54
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(none)
define double @__pixie_uitofp(i128 noundef %0) local_unnamed_addr #3 {
  %2 = icmp eq i128 %0, 0
  br i1 %2, label %46, label %3

3:                                                ; preds = %1
  %4 = lshr i128 %0, 64
  %5 = icmp eq i128 %4, 0
  %6 = select i1 %5, i128 %0, i128 %4
  %7 = trunc nuw i128 %6 to i64
  %8 = tail call range(i64 0, 65) i64 @llvm.ctlz.i64(i64 %7, i1 true)
  %9 = trunc nuw nsw i64 %8 to i32
  %10 = select i1 %5, i32 11, i32 75
  %11 = sub nsw i32 %10, %9
  %12 = icmp slt i32 %11, 1
  br i1 %12, label %13, label %18

13:                                               ; preds = %3
  %14 = trunc i128 %0 to i64
  %15 = sub nsw i32 0, %11
  %16 = zext nneg i32 %15 to i64
  %17 = shl i64 %14, %16
  br label %38

18:                                               ; preds = %3
  %19 = zext nneg i32 %11 to i128
  %20 = lshr i128 %0, %19
  %21 = trunc i128 %20 to i64
  %22 = shl nsw i128 -1, %19
  %23 = xor i128 %22, -1
  %24 = and i128 %0, %23
  %25 = add nsw i32 %11, -1
  %26 = zext nneg i32 %25 to i128
  %27 = shl nuw nsw i128 1, %26
  %28 = icmp samesign ugt i128 %24, %27
  br i1 %28, label %35, label %29

29:                                               ; preds = %18
  %30 = icmp eq i128 %24, %27
  %31 = and i64 %21, 1
  %32 = icmp ne i64 %31, 0
  %33 = select i1 %30, i1 %32, i1 false
  %34 = zext i1 %33 to i64
  br label %35

35:                                               ; preds = %29, %18
  %36 = phi i64 [ 1, %18 ], [ %34, %29 ]
  %37 = add i64 %36, %21
  br label %38

38:                                               ; preds = %13, %35
  %39 = phi i64 [ %17, %13 ], [ %37, %35 ]
  %40 = add nsw i32 %11, 1075
  %41 = zext nneg i32 %40 to i64
  %42 = shl nuw nsw i64 %41, 52
  %43 = add nsw i64 %42, -4503599627370496
  %44 = add i64 %43, %39
  %45 = bitcast i64 %44 to double
  br label %46

46:                                               ; preds = %1, %38
  %47 = phi double [ %45, %38 ], [ 0.000000e+00, %1 ]
  ret double %47
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(none)
define float @__pixie_uitofp_float(i128 noundef %0) local_unnamed_addr #3 {
  %2 = icmp eq i128 %0, 0
  br i1 %2, label %45, label %3

3:                                                ; preds = %1
  %4 = lshr i128 %0, 64
  %5 = icmp eq i128 %4, 0
  %6 = select i1 %5, i128 %0, i128 %4
  %7 = trunc nuw i128 %6 to i64
  %8 = tail call range(i64 0, 65) i64 @llvm.ctlz.i64(i64 %7, i1 true)
  %9 = trunc nuw nsw i64 %8 to i32
  %10 = select i1 %5, i32 40, i32 104
  %11 = sub nsw i32 %10, %9
  %12 = icmp slt i32 %11, 1
  br i1 %12, label %13, label %18

13:                                               ; preds = %3
  %14 = trunc i128 %0 to i64
  %15 = sub nsw i32 0, %11
  %16 = zext nneg i32 %15 to i64
  %17 = shl i64 %14, %16
  br label %38

18:                                               ; preds = %3
  %19 = zext nneg i32 %11 to i128
  %20 = lshr i128 %0, %19
  %21 = trunc i128 %20 to i64
  %22 = shl nsw i128 -1, %19
  %23 = xor i128 %22, -1
  %24 = and i128 %0, %23
  %25 = add nsw i32 %11, -1
  %26 = zext nneg i32 %25 to i128
  %27 = shl nuw nsw i128 1, %26
  %28 = icmp samesign ugt i128 %24, %27
  br i1 %28, label %35, label %29

29:                                               ; preds = %18
  %30 = icmp eq i128 %24, %27
  %31 = and i64 %21, 1
  %32 = icmp ne i64 %31, 0
  %33 = select i1 %30, i1 %32, i1 false
  %34 = zext i1 %33 to i64
  br label %35

35:                                               ; preds = %29, %18
  %36 = phi i64 [ 1, %18 ], [ %34, %29 ]
  %37 = add i64 %36, %21
  br label %38

38:                                               ; preds = %13, %35
  %39 = phi i64 [ %17, %13 ], [ %37, %35 ]
  %40 = trunc i64 %39 to i32
  %41 = shl nsw i32 %11, 23
  %42 = add nsw i32 %41, 1249902592
  %43 = add i32 %42, %40
  %44 = bitcast i32 %43 to float
  br label %45

45:                                               ; preds = %1, %38
  %46 = phi float [ %44, %38 ], [ 0.000000e+00, %1 ]
  ret float %46
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(none)
define double @__pixie_sitofp(i128 noundef %0) local_unnamed_addr #3 {
  %2 = icmp slt i128 %0, 0
  br i1 %2, label %3, label %48

3:                                                ; preds = %1
  %4 = sub i128 0, %0
  %5 = lshr i128 %4, 64
  %6 = icmp eq i128 %5, 0
  %7 = select i1 %6, i128 %4, i128 %5
  %8 = trunc nuw i128 %7 to i64
  %9 = tail call range(i64 0, 65) i64 @llvm.ctlz.i64(i64 %8, i1 true)
  %10 = trunc nuw nsw i64 %9 to i32
  %11 = select i1 %6, i32 11, i32 75
  %12 = sub nsw i32 %11, %10
  %13 = icmp slt i32 %12, 1
  br i1 %13, label %14, label %19

14:                                               ; preds = %3
  %15 = trunc i128 %4 to i64
  %16 = sub nsw i32 0, %12
  %17 = zext nneg i32 %16 to i64
  %18 = shl i64 %15, %17
  br label %39

19:                                               ; preds = %3
  %20 = zext nneg i32 %12 to i128
  %21 = lshr i128 %4, %20
  %22 = trunc i128 %21 to i64
  %23 = shl nsw i128 -1, %20
  %24 = xor i128 %23, -1
  %25 = and i128 %24, %4
  %26 = add nsw i32 %12, -1
  %27 = zext nneg i32 %26 to i128
  %28 = shl nuw nsw i128 1, %27
  %29 = icmp samesign ugt i128 %25, %28
  br i1 %29, label %36, label %30

30:                                               ; preds = %19
  %31 = icmp eq i128 %25, %28
  %32 = and i64 %22, 1
  %33 = icmp ne i64 %32, 0
  %34 = select i1 %31, i1 %33, i1 false
  %35 = zext i1 %34 to i64
  br label %36

36:                                               ; preds = %30, %19
  %37 = phi i64 [ 1, %19 ], [ %35, %30 ]
  %38 = add i64 %37, %22
  br label %39

39:                                               ; preds = %14, %36
  %40 = phi i64 [ %18, %14 ], [ %38, %36 ]
  %41 = add nsw i32 %12, 1075
  %42 = zext nneg i32 %41 to i64
  %43 = shl nuw nsw i64 %42, 52
  %44 = add nsw i64 %43, -4503599627370496
  %45 = add i64 %44, %40
  %46 = bitcast i64 %45 to double
  %47 = fneg double %46
  br label %93

48:                                               ; preds = %1
  %49 = icmp eq i128 %0, 0
  br i1 %49, label %93, label %50

50:                                               ; preds = %48
  %51 = lshr i128 %0, 64
  %52 = icmp eq i128 %51, 0
  %53 = select i1 %52, i128 %0, i128 %51
  %54 = trunc nuw i128 %53 to i64
  %55 = tail call range(i64 0, 65) i64 @llvm.ctlz.i64(i64 %54, i1 true)
  %56 = trunc nuw nsw i64 %55 to i32
  %57 = select i1 %52, i32 11, i32 75
  %58 = sub nsw i32 %57, %56
  %59 = icmp slt i32 %58, 1
  br i1 %59, label %60, label %65

60:                                               ; preds = %50
  %61 = trunc i128 %0 to i64
  %62 = sub nsw i32 0, %58
  %63 = zext nneg i32 %62 to i64
  %64 = shl i64 %61, %63
  br label %85

65:                                               ; preds = %50
  %66 = zext nneg i32 %58 to i128
  %67 = lshr i128 %0, %66
  %68 = trunc i128 %67 to i64
  %69 = shl nsw i128 -1, %66
  %70 = xor i128 %69, -1
  %71 = and i128 %0, %70
  %72 = add nsw i32 %58, -1
  %73 = zext nneg i32 %72 to i128
  %74 = shl nuw nsw i128 1, %73
  %75 = icmp samesign ugt i128 %71, %74
  br i1 %75, label %82, label %76

76:                                               ; preds = %65
  %77 = icmp eq i128 %71, %74
  %78 = and i64 %68, 1
  %79 = icmp ne i64 %78, 0
  %80 = select i1 %77, i1 %79, i1 false
  %81 = zext i1 %80 to i64
  br label %82

82:                                               ; preds = %76, %65
  %83 = phi i64 [ 1, %65 ], [ %81, %76 ]
  %84 = add i64 %83, %68
  br label %85

85:                                               ; preds = %82, %60
  %86 = phi i64 [ %64, %60 ], [ %84, %82 ]
  %87 = add nsw i32 %58, 1075
  %88 = zext nneg i32 %87 to i64
  %89 = shl nuw nsw i64 %88, 52
  %90 = add nsw i64 %89, -4503599627370496
  %91 = add i64 %90, %86
  %92 = bitcast i64 %91 to double
  br label %93

93:                                               ; preds = %85, %48, %39
  %94 = phi double [ %47, %39 ], [ %92, %85 ], [ 0.000000e+00, %48 ]
  ret double %94
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(none)
define float @__pixie_sitofp_float(i128 noundef %0) local_unnamed_addr #3 {
  %2 = icmp slt i128 %0, 0
  br i1 %2, label %3, label %47

3:                                                ; preds = %1
  %4 = sub i128 0, %0
  %5 = lshr i128 %4, 64
  %6 = icmp eq i128 %5, 0
  %7 = select i1 %6, i128 %4, i128 %5
  %8 = trunc nuw i128 %7 to i64
  %9 = tail call range(i64 0, 65) i64 @llvm.ctlz.i64(i64 %8, i1 true)
  %10 = trunc nuw nsw i64 %9 to i32
  %11 = select i1 %6, i32 40, i32 104
  %12 = sub nsw i32 %11, %10
  %13 = icmp slt i32 %12, 1
  br i1 %13, label %14, label %19

14:                                               ; preds = %3
  %15 = trunc i128 %4 to i64
  %16 = sub nsw i32 0, %12
  %17 = zext nneg i32 %16 to i64
  %18 = shl i64 %15, %17
  br label %39

19:                                               ; preds = %3
  %20 = zext nneg i32 %12 to i128
  %21 = lshr i128 %4, %20
  %22 = trunc i128 %21 to i64
  %23 = shl nsw i128 -1, %20
  %24 = xor i128 %23, -1
  %25 = and i128 %24, %4
  %26 = add nsw i32 %12, -1
  %27 = zext nneg i32 %26 to i128
  %28 = shl nuw nsw i128 1, %27
  %29 = icmp samesign ugt i128 %25, %28
  br i1 %29, label %36, label %30

30:                                               ; preds = %19
  %31 = icmp eq i128 %25, %28
  %32 = and i64 %22, 1
  %33 = icmp ne i64 %32, 0
  %34 = select i1 %31, i1 %33, i1 false
  %35 = zext i1 %34 to i64
  br label %36

36:                                               ; preds = %30, %19
  %37 = phi i64 [ 1, %19 ], [ %35, %30 ]
  %38 = add i64 %37, %22
  br label %39

39:                                               ; preds = %14, %36
  %40 = phi i64 [ %18, %14 ], [ %38, %36 ]
  %41 = trunc i64 %40 to i32
  %42 = shl nsw i32 %12, 23
  %43 = add nsw i32 %42, 1249902592
  %44 = add i32 %43, %41
  %45 = bitcast i32 %44 to float
  %46 = fneg float %45
  br label %91

47:                                               ; preds = %1
  %48 = icmp eq i128 %0, 0
  br i1 %48, label %91, label %49

49:                                               ; preds = %47
  %50 = lshr i128 %0, 64
  %51 = icmp eq i128 %50, 0
  %52 = select i1 %51, i128 %0, i128 %50
  %53 = trunc nuw i128 %52 to i64
  %54 = tail call range(i64 0, 65) i64 @llvm.ctlz.i64(i64 %53, i1 true)
  %55 = trunc nuw nsw i64 %54 to i32
  %56 = select i1 %51, i32 40, i32 104
  %57 = sub nsw i32 %56, %55
  %58 = icmp slt i32 %57, 1
  br i1 %58, label %59, label %64

59:                                               ; preds = %49
  %60 = trunc i128 %0 to i64
  %61 = sub nsw i32 0, %57
  %62 = zext nneg i32 %61 to i64
  %63 = shl i64 %60, %62
  br label %84

64:                                               ; preds = %49
  %65 = zext nneg i32 %57 to i128
  %66 = lshr i128 %0, %65
  %67 = trunc i128 %66 to i64
  %68 = shl nsw i128 -1, %65
  %69 = xor i128 %68, -1
  %70 = and i128 %0, %69
  %71 = add nsw i32 %57, -1
  %72 = zext nneg i32 %71 to i128
  %73 = shl nuw nsw i128 1, %72
  %74 = icmp samesign ugt i128 %70, %73
  br i1 %74, label %81, label %75

75:                                               ; preds = %64
  %76 = icmp eq i128 %70, %73
  %77 = and i64 %67, 1
  %78 = icmp ne i64 %77, 0
  %79 = select i1 %76, i1 %78, i1 false
  %80 = zext i1 %79 to i64
  br label %81

81:                                               ; preds = %75, %64
  %82 = phi i64 [ 1, %64 ], [ %80, %75 ]
  %83 = add i64 %82, %67
  br label %84

84:                                               ; preds = %81, %59
  %85 = phi i64 [ %63, %59 ], [ %83, %81 ]
  %86 = trunc i64 %85 to i32
  %87 = shl nsw i32 %57, 23
  %88 = add nsw i32 %87, 1249902592
  %89 = add i32 %88, %86
  %90 = bitcast i32 %89 to float
  br label %91

91:                                               ; preds = %84, %47, %39
  %92 = phi float [ %46, %39 ], [ %90, %84 ], [ 0.000000e+00, %47 ]
  ret float %92
}

; Function Attrs: nofree norecurse nosync nounwind memory(none)
define double @__pixie_powi(double noundef %0, i32 noundef %1) local_unnamed_addr #0 {
  %3 = icmp eq i32 %1, 0
  br i1 %3, label %6, label %4

4:                                                ; preds = %2
  %5 = tail call i32 @llvm.abs.i32(i32 %1, i1 false)
  br label %11

6:                                                ; preds = %11, %2
  %7 = phi double [ 1.000000e+00, %2 ], [ %18, %11 ]
  %8 = icmp slt i32 %1, 0
  %9 = fdiv double 1.000000e+00, %7
  %10 = select i1 %8, double %9, double %7
  ret double %10

11:                                               ; preds = %4, %11
  %12 = phi i32 [ %19, %11 ], [ %5, %4 ]
  %13 = phi double [ %18, %11 ], [ 1.000000e+00, %4 ]
  %14 = phi double [ %20, %11 ], [ %0, %4 ]
  %15 = and i32 %12, 1
  %16 = icmp eq i32 %15, 0
  %17 = fmul double %14, %13
  %18 = select i1 %16, double %13, double %17
  %19 = lshr i32 %12, 1
  %20 = fmul double %14, %14
  %21 = icmp eq i32 %19, 0
  br i1 %21, label %6, label %11, !llvm.loop !11
}

; Function Attrs: nofree norecurse nosync nounwind memory(none)
define float @__pixie_powi_float(float noundef %0, i32 noundef %1) local_unnamed_addr #0 {
  %3 = icmp eq i32 %1, 0
  br i1 %3, label %6, label %4

4:                                                ; preds = %2
  %5 = tail call i32 @llvm.abs.i32(i32 %1, i1 false)
  br label %11

6:                                                ; preds = %11, %2
  %7 = phi float [ 1.000000e+00, %2 ], [ %18, %11 ]
  %8 = icmp slt i32 %1, 0
  %9 = fdiv float 1.000000e+00, %7
  %10 = select i1 %8, float %9, float %7
  ret float %10

11:                                               ; preds = %4, %11
  %12 = phi i32 [ %19, %11 ], [ %5, %4 ]
  %13 = phi float [ %18, %11 ], [ 1.000000e+00, %4 ]
  %14 = phi float [ %20, %11 ], [ %0, %4 ]
  %15 = and i32 %12, 1
  %16 = icmp eq i32 %15, 0
  %17 = fmul float %14, %13
  %18 = select i1 %16, float %13, float %17
  %19 = lshr i32 %12, 1
  %20 = fmul float %14, %14
  %21 = icmp eq i32 %19, 0
  br i1 %21, label %6, label %11, !llvm.loop !12
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(argmem: write)
define void @__pixie_mul_complex(double noundef %0, double noundef %1, double noundef %2, double noundef %3, ptr noundef writeonly captures(none) initializes((0, 16)) %4) local_unnamed_addr #4 {
  %6 = fmul double %0, %2
  %7 = fmul double %1, %3
  %8 = fmul double %0, %3
  %9 = fmul double %1, %2
  %10 = fsub double %6, %7
  store double %10, ptr %4, align 8, !tbaa !13
  %11 = fadd double %9, %8
  %12 = getelementptr inbounds nuw i8, ptr %4, i64 8
  store double %11, ptr %12, align 8, !tbaa !13
  %13 = fcmp ord double %10, 0.000000e+00
  %14 = fcmp ord double %11, 0.000000e+00
  %15 = or i1 %13, %14
  br i1 %15, label %81, label %16

16:                                               ; preds = %5
  %17 = tail call double @llvm.fabs.f64(double %0)
  %18 = fcmp oeq double %17, 0x7FF0000000000000
  %19 = tail call double @llvm.fabs.f64(double %1)
  %20 = fcmp oeq double %19, 0x7FF0000000000000
  %21 = or i1 %18, %20
  %22 = tail call double @llvm.fabs.f64(double %2)
  %23 = fcmp oeq double %22, 0x7FF0000000000000
  %24 = tail call double @llvm.fabs.f64(double %3)
  %25 = fcmp oeq double %24, 0x7FF0000000000000
  %26 = or i1 %23, %25
  %27 = tail call double @llvm.fabs.f64(double %6)
  %28 = fcmp une double %27, 0x7FF0000000000000
  %29 = tail call double @llvm.fabs.f64(double %7)
  %30 = fcmp une double %29, 0x7FF0000000000000
  %31 = and i1 %28, %30
  %32 = tail call double @llvm.fabs.f64(double %8)
  %33 = fcmp une double %32, 0x7FF0000000000000
  %34 = and i1 %33, %31
  br i1 %34, label %35, label %40

35:                                               ; preds = %16
  %36 = tail call double @llvm.fabs.f64(double %9)
  %37 = fcmp oeq double %36, 0x7FF0000000000000
  %38 = or i1 %37, %26
  %39 = or i1 %21, %38
  br i1 %39, label %40, label %81

40:                                               ; preds = %16, %35
  br i1 %21, label %41, label %48

41:                                               ; preds = %40
  %42 = fcmp une double %17, 0x7FF0000000000000
  %43 = select i1 %42, double 0.000000e+00, double 1.000000e+00
  %44 = tail call noundef double @llvm.copysign.f64(double %43, double %0)
  %45 = fcmp une double %19, 0x7FF0000000000000
  %46 = select i1 %45, double 0.000000e+00, double 1.000000e+00
  %47 = tail call noundef double @llvm.copysign.f64(double %46, double %1)
  br label %48

48:                                               ; preds = %41, %40
  %49 = phi double [ %47, %41 ], [ %1, %40 ]
  %50 = phi double [ %44, %41 ], [ %0, %40 ]
  br i1 %26, label %51, label %58

51:                                               ; preds = %48
  %52 = fcmp une double %22, 0x7FF0000000000000
  %53 = select i1 %52, double 0.000000e+00, double 1.000000e+00
  %54 = tail call noundef double @llvm.copysign.f64(double %53, double %2)
  %55 = fcmp une double %24, 0x7FF0000000000000
  %56 = select i1 %55, double 0.000000e+00, double 1.000000e+00
  %57 = tail call noundef double @llvm.copysign.f64(double %56, double %3)
  br label %58

58:                                               ; preds = %51, %48
  %59 = phi double [ %57, %51 ], [ %3, %48 ]
  %60 = phi double [ %54, %51 ], [ %2, %48 ]
  %61 = fcmp uno double %50, 0.000000e+00
  %62 = tail call double @llvm.copysign.f64(double 0.000000e+00, double %50)
  %63 = select i1 %61, double %62, double %50
  %64 = fcmp uno double %49, 0.000000e+00
  %65 = tail call double @llvm.copysign.f64(double 0.000000e+00, double %49)
  %66 = select i1 %64, double %65, double %49
  %67 = fcmp uno double %60, 0.000000e+00
  %68 = tail call double @llvm.copysign.f64(double 0.000000e+00, double %60)
  %69 = select i1 %67, double %68, double %60
  %70 = fcmp uno double %59, 0.000000e+00
  %71 = tail call double @llvm.copysign.f64(double 0.000000e+00, double %59)
  %72 = select i1 %70, double %71, double %59
  %73 = fmul double %63, %69
  %74 = fmul double %66, %72
  %75 = fsub double %73, %74
  %76 = fmul double %75, 0x7FF0000000000000
  store double %76, ptr %4, align 8, !tbaa !13
  %77 = fmul double %63, %72
  %78 = fmul double %66, %69
  %79 = fadd double %77, %78
  %80 = fmul double %79, 0x7FF0000000000000
  store double %80, ptr %12, align 8, !tbaa !13
  br label %81

81:                                               ; preds = %58, %35, %5
  ret void
}

; Function Attrs: nofree norecurse nosync nounwind memory(argmem: write)
define void @__pixie_div_complex(double noundef %0, double noundef %1, double noundef %2, double noundef %3, ptr noundef writeonly captures(none) %4) local_unnamed_addr #2 {
  %6 = tail call double @llvm.fabs.f64(double %2)
  %7 = tail call double @llvm.fabs.f64(double %3)
  %8 = fcmp ogt double %6, %7
  %9 = fcmp uno double %3, 0.000000e+00
  %10 = or i1 %9, %8
  %11 = select i1 %10, double %6, double %7
  %12 = bitcast double %11 to i64
  %13 = icmp samesign ult i64 %12, 9218868437227405312
  %14 = fcmp ogt double %11, 0.000000e+00
  %15 = and i1 %14, %13
  br i1 %15, label %16, label %70

16:                                               ; preds = %5
  %17 = tail call i1 @llvm.is.fpclass.f64(double %11, i32 128)
  %18 = select i1 %17, double 0x4350000000000000, double 1.000000e+00
  %19 = fmul double %11, %18
  %20 = bitcast double %19 to i64
  %21 = lshr i64 %20, 52
  %22 = trunc nuw nsw i64 %21 to i32
  %23 = select i1 %17, i32 1077, i32 1023
  %24 = sub nsw i32 %23, %22
  %25 = icmp sgt i32 %24, 1000
  br i1 %25, label %40, label %26

26:                                               ; preds = %16
  %27 = icmp slt i32 %24, -1000
  br i1 %27, label %34, label %28

28:                                               ; preds = %26
  %29 = add nsw i32 %24, 1023
  %30 = zext nneg i32 %29 to i64
  %31 = shl nuw nsw i64 %30, 52
  %32 = bitcast i64 %31 to double
  %33 = fmul double %2, %32
  br label %61

34:                                               ; preds = %26, %34
  %35 = phi i32 [ %38, %34 ], [ %24, %26 ]
  %36 = phi double [ %37, %34 ], [ %2, %26 ]
  %37 = fmul double %36, 0x170000000000000
  %38 = add nuw nsw i32 %35, 1000
  %39 = icmp ult i32 %35, -2000
  br i1 %39, label %34, label %49, !llvm.loop !15

40:                                               ; preds = %16
  %41 = fmul double %2, 0x7E70000000000000
  %42 = add nuw nsw i32 %24, 23
  %43 = zext nneg i32 %42 to i64
  %44 = shl nuw nsw i64 %43, 52
  %45 = bitcast i64 %44 to double
  %46 = fmul double %41, %45
  %47 = fmul double %3, 0x7E70000000000000
  %48 = add nsw i32 %24, -1000
  br label %61

49:                                               ; preds = %34, %49
  %50 = phi i32 [ %53, %49 ], [ %24, %34 ]
  %51 = phi double [ %52, %49 ], [ %3, %34 ]
  %52 = fmul double %51, 0x170000000000000
  %53 = add nuw nsw i32 %50, 1000
  %54 = icmp ult i32 %50, -2000
  br i1 %54, label %49, label %55, !llvm.loop !15

55:                                               ; preds = %49
  %56 = add nsw i32 %35, 2023
  %57 = zext nneg i32 %56 to i64
  %58 = shl nuw nsw i64 %57, 52
  %59 = bitcast i64 %58 to double
  %60 = fmul double %37, %59
  br label %61

61:                                               ; preds = %55, %28, %40
  %62 = phi double [ %33, %28 ], [ %46, %40 ], [ %60, %55 ]
  %63 = phi double [ %3, %28 ], [ %47, %40 ], [ %52, %55 ]
  %64 = phi i32 [ %24, %28 ], [ %48, %40 ], [ %53, %55 ]
  %65 = add nsw i32 %64, 1023
  %66 = zext nneg i32 %65 to i64
  %67 = shl nuw nsw i64 %66, 52
  %68 = bitcast i64 %67 to double
  %69 = fmul double %63, %68
  br label %70

70:                                               ; preds = %61, %5
  %71 = phi double [ %69, %61 ], [ %3, %5 ]
  %72 = phi double [ %62, %61 ], [ %2, %5 ]
  %73 = phi i32 [ %24, %61 ], [ 0, %5 ]
  %74 = fmul double %72, %72
  %75 = fmul double %71, %71
  %76 = fadd double %75, %74
  %77 = fmul double %0, %72
  %78 = fmul double %1, %71
  %79 = fadd double %78, %77
  %80 = fdiv double %79, %76
  %81 = icmp sgt i32 %73, 1000
  br i1 %81, label %82, label %85

82:                                               ; preds = %70
  %83 = fmul double %80, 0x7E70000000000000
  %84 = add nsw i32 %73, -1000
  br label %93

85:                                               ; preds = %70
  %86 = icmp slt i32 %73, -1000
  br i1 %86, label %87, label %93

87:                                               ; preds = %85, %87
  %88 = phi i32 [ %91, %87 ], [ %73, %85 ]
  %89 = phi double [ %90, %87 ], [ %80, %85 ]
  %90 = fmul double %89, 0x170000000000000
  %91 = add nuw nsw i32 %88, 1000
  %92 = icmp ult i32 %88, -2000
  br i1 %92, label %87, label %93, !llvm.loop !15

93:                                               ; preds = %87, %82, %85
  %94 = phi double [ %80, %85 ], [ %83, %82 ], [ %90, %87 ]
  %95 = phi i32 [ %73, %85 ], [ %84, %82 ], [ %91, %87 ]
  %96 = add nsw i32 %95, 1023
  %97 = zext nneg i32 %96 to i64
  %98 = shl nuw nsw i64 %97, 52
  %99 = bitcast i64 %98 to double
  %100 = fmul double %94, %99
  store double %100, ptr %4, align 8, !tbaa !13
  %101 = fmul double %1, %72
  %102 = fmul double %0, %71
  %103 = fsub double %101, %102
  %104 = fdiv double %103, %76
  br i1 %81, label %105, label %108

105:                                              ; preds = %93
  %106 = fmul double %104, 0x7E70000000000000
  %107 = add nsw i32 %73, -1000
  br label %116

108:                                              ; preds = %93
  %109 = icmp slt i32 %73, -1000
  br i1 %109, label %110, label %116

110:                                              ; preds = %108, %110
  %111 = phi i32 [ %114, %110 ], [ %73, %108 ]
  %112 = phi double [ %113, %110 ], [ %104, %108 ]
  %113 = fmul double %112, 0x170000000000000
  %114 = add nuw nsw i32 %111, 1000
  %115 = icmp ult i32 %111, -2000
  br i1 %115, label %110, label %116, !llvm.loop !15

116:                                              ; preds = %110, %105, %108
  %117 = phi double [ %104, %108 ], [ %106, %105 ], [ %113, %110 ]
  %118 = phi i32 [ %73, %108 ], [ %107, %105 ], [ %114, %110 ]
  %119 = add nsw i32 %118, 1023
  %120 = zext nneg i32 %119 to i64
  %121 = shl nuw nsw i64 %120, 52
  %122 = bitcast i64 %121 to double
  %123 = fmul double %117, %122
  %124 = getelementptr inbounds nuw i8, ptr %4, i64 8
  store double %123, ptr %124, align 8, !tbaa !13
  %125 = fcmp ord double %100, 0.000000e+00
  %126 = fcmp ord double %123, 0.000000e+00
  %127 = select i1 %125, i1 true, i1 %126
  br i1 %127, label %194, label %128

128:                                              ; preds = %116
  %129 = fcmp oeq double %76, 0.000000e+00
  br i1 %129, label %130, label %138

130:                                              ; preds = %128
  %131 = fcmp ord double %0, 0.000000e+00
  %132 = fcmp ord double %1, 0.000000e+00
  %133 = or i1 %131, %132
  br i1 %133, label %134, label %138

134:                                              ; preds = %130
  %135 = tail call double @llvm.copysign.f64(double 0x7FF0000000000000, double %72)
  %136 = fmul double %0, %135
  store double %136, ptr %4, align 8, !tbaa !13
  %137 = fmul double %1, %135
  br label %192

138:                                              ; preds = %130, %128
  %139 = tail call double @llvm.fabs.f64(double %0)
  %140 = fcmp une double %139, 0x7FF0000000000000
  %141 = tail call double @llvm.fabs.f64(double %1)
  %142 = fcmp une double %141, 0x7FF0000000000000
  %143 = and i1 %140, %142
  br i1 %143, label %165, label %144

144:                                              ; preds = %138
  %145 = bitcast double %72 to i64
  %146 = shl i64 %145, 1
  %147 = icmp ugt i64 %146, -9007199254740993
  br i1 %147, label %165, label %148

148:                                              ; preds = %144
  %149 = bitcast double %71 to i64
  %150 = shl i64 %149, 1
  %151 = icmp ugt i64 %150, -9007199254740993
  br i1 %151, label %165, label %152

152:                                              ; preds = %148
  %153 = select i1 %140, double 0.000000e+00, double 1.000000e+00
  %154 = tail call noundef double @llvm.copysign.f64(double %153, double %0)
  %155 = select i1 %142, double 0.000000e+00, double 1.000000e+00
  %156 = tail call noundef double @llvm.copysign.f64(double %155, double %1)
  %157 = fmul double %154, %72
  %158 = fmul double %156, %71
  %159 = fadd double %158, %157
  %160 = fmul double %159, 0x7FF0000000000000
  store double %160, ptr %4, align 8, !tbaa !13
  %161 = fmul double %156, %72
  %162 = fmul double %154, %71
  %163 = fsub double %161, %162
  %164 = fmul double %163, 0x7FF0000000000000
  br label %192

165:                                              ; preds = %138, %148, %144
  %166 = fcmp une double %11, 0x7FF0000000000000
  br i1 %166, label %194, label %167

167:                                              ; preds = %165
  %168 = bitcast double %0 to i64
  %169 = shl i64 %168, 1
  %170 = icmp ugt i64 %169, -9007199254740993
  br i1 %170, label %194, label %171

171:                                              ; preds = %167
  %172 = bitcast double %1 to i64
  %173 = shl i64 %172, 1
  %174 = icmp ugt i64 %173, -9007199254740993
  br i1 %174, label %194, label %175

175:                                              ; preds = %171
  %176 = tail call double @llvm.fabs.f64(double %72)
  %177 = fcmp une double %176, 0x7FF0000000000000
  %178 = select i1 %177, double 0.000000e+00, double 1.000000e+00
  %179 = tail call noundef double @llvm.copysign.f64(double %178, double %72)
  %180 = tail call double @llvm.fabs.f64(double %71)
  %181 = fcmp une double %180, 0x7FF0000000000000
  %182 = select i1 %181, double 0.000000e+00, double 1.000000e+00
  %183 = tail call noundef double @llvm.copysign.f64(double %182, double %71)
  %184 = fmul double %0, %179
  %185 = fmul double %1, %183
  %186 = fadd double %185, %184
  %187 = fmul double %186, 0.000000e+00
  store double %187, ptr %4, align 8, !tbaa !13
  %188 = fmul double %1, %179
  %189 = fmul double %0, %183
  %190 = fsub double %188, %189
  %191 = fmul double %190, 0.000000e+00
  br label %192

192:                                              ; preds = %152, %175, %134
  %193 = phi double [ %137, %134 ], [ %191, %175 ], [ %164, %152 ]
  store double %193, ptr %124, align 8, !tbaa !13
  br label %194

194:                                              ; preds = %192, %165, %167, %171, %116
  ret void
}

; Function Attrs: mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.fabs.f64(double) #5

; Function Attrs: mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare double @llvm.copysign.f64(double, double) #5

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(argmem: write)
define void @__pixie_mul_complex_float(float noundef %0, float noundef %1, float noundef %2, float noundef %3, ptr noundef writeonly captures(none) initializes((0, 8)) %4) local_unnamed_addr #4 {
  %6 = alloca [2 x double], align 16
  call void @llvm.lifetime.start.p0(ptr nonnull %6) #9
  %7 = fpext float %0 to double
  %8 = fpext float %1 to double
  %9 = fpext float %2 to double
  %10 = fpext float %3 to double
  call void @__pixie_mul_complex(double noundef %7, double noundef %8, double noundef %9, double noundef %10, ptr noundef nonnull %6) #10
  %11 = load double, ptr %6, align 16, !tbaa !13
  %12 = fptrunc double %11 to float
  store float %12, ptr %4, align 4, !tbaa !16
  %13 = getelementptr inbounds nuw i8, ptr %6, i64 8
  %14 = load double, ptr %13, align 8, !tbaa !13
  %15 = fptrunc double %14 to float
  %16 = getelementptr inbounds nuw i8, ptr %4, i64 4
  store float %15, ptr %16, align 4, !tbaa !16
  call void @llvm.lifetime.end.p0(ptr nonnull %6) #9
  ret void
}

; Function Attrs: nofree norecurse nosync nounwind memory(argmem: write)
define void @__pixie_div_complex_float(float noundef %0, float noundef %1, float noundef %2, float noundef %3, ptr noundef writeonly captures(none) initializes((0, 8)) %4) local_unnamed_addr #2 {
  %6 = alloca [2 x double], align 16
  call void @llvm.lifetime.start.p0(ptr nonnull %6) #9
  %7 = fpext float %0 to double
  %8 = fpext float %1 to double
  %9 = fpext float %2 to double
  %10 = fpext float %3 to double
  call void @__pixie_div_complex(double noundef %7, double noundef %8, double noundef %9, double noundef %10, ptr noundef nonnull %6) #10
  %11 = load double, ptr %6, align 16, !tbaa !13
  %12 = fptrunc double %11 to float
  store float %12, ptr %4, align 4, !tbaa !16
  %13 = getelementptr inbounds nuw i8, ptr %6, i64 8
  %14 = load double, ptr %13, align 8, !tbaa !13
  %15 = fptrunc double %14 to float
  %16 = getelementptr inbounds nuw i8, ptr %4, i64 4
  store float %15, ptr %16, align 4, !tbaa !16
  call void @llvm.lifetime.end.p0(ptr nonnull %6) #9
  ret void
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(none)
define float @__pixie_half_to_float(i16 noundef zeroext %0) local_unnamed_addr #3 {
  %2 = sext i16 %0 to i32
  %3 = and i32 %2, -2147483648
  %4 = and i16 %0, 32767
  %5 = zext nneg i16 %4 to i32
  %6 = icmp samesign ugt i16 %4, 31743
  br i1 %6, label %7, label %14

7:                                                ; preds = %1
  %8 = shl nuw nsw i32 %5, 13
  %9 = icmp eq i16 %4, 31744
  %10 = select i1 %9, i32 0, i32 4194304
  %11 = or i32 %10, %8
  %12 = or disjoint i32 %11, %3
  %13 = or i32 %12, 2139095040
  br label %25

14:                                               ; preds = %1
  %15 = icmp samesign ugt i16 %4, 1023
  br i1 %15, label %16, label %20

16:                                               ; preds = %14
  %17 = shl nuw nsw i32 %5, 13
  %18 = add nuw nsw i32 %17, 939524096
  %19 = or disjoint i32 %18, %3
  br label %25

20:                                               ; preds = %14
  %21 = uitofp nneg i16 %4 to float
  %22 = fmul float %21, 0x3E70000000000000
  %23 = bitcast float %22 to i32
  %24 = or disjoint i32 %3, %23
  br label %25

25:                                               ; preds = %20, %16, %7
  %26 = phi i32 [ %13, %7 ], [ %19, %16 ], [ %24, %20 ]
  %27 = bitcast i32 %26 to float
  ret float %27
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(none)
define zeroext i16 @__pixie_double_to_half(double noundef %0) local_unnamed_addr #3 {
  %2 = bitcast double %0 to i64
  %3 = lshr i64 %2, 48
  %4 = trunc nuw i64 %3 to i16
  %5 = and i16 %4, -32768
  %6 = tail call double @llvm.fabs.f64(double %0)
  %7 = bitcast double %6 to i64
  %8 = lshr i64 %7, 52
  %9 = trunc nuw nsw i64 %8 to i32
  %10 = icmp samesign ugt i64 %7, 9218868437227405312
  br i1 %10, label %11, label %17

11:                                               ; preds = %1
  %12 = lshr i64 %2, 42
  %13 = trunc i64 %12 to i16
  %14 = and i16 %13, 511
  %15 = or disjoint i16 %5, %14
  %16 = or disjoint i16 %15, 32256
  br label %53

17:                                               ; preds = %1
  %18 = icmp samesign ugt i64 %7, 4679240012837945343
  br i1 %18, label %19, label %21

19:                                               ; preds = %17
  %20 = or disjoint i16 %5, 31744
  br label %53

21:                                               ; preds = %17
  %22 = icmp samesign ult i64 %7, 4494592428115755008
  br i1 %22, label %53, label %23

23:                                               ; preds = %21
  %24 = and i64 %2, 4503599627370495
  %25 = or disjoint i64 %24, 4503599627370496
  %26 = icmp samesign ugt i64 %7, 4544132024016830463
  %27 = sub nsw i32 1051, %9
  %28 = select i1 %26, i32 42, i32 %27
  %29 = zext nneg i32 %28 to i64
  %30 = lshr i64 %25, %29
  %31 = shl nsw i64 -1, %29
  %32 = xor i64 %31, -1
  %33 = and i64 %25, %32
  %34 = add nsw i32 %28, -1
  %35 = zext nneg i32 %34 to i64
  %36 = shl nuw nsw i64 1, %35
  %37 = icmp samesign ugt i64 %33, %36
  br i1 %37, label %44, label %38

38:                                               ; preds = %23
  %39 = icmp eq i64 %33, %36
  %40 = and i64 %30, 1
  %41 = icmp ne i64 %40, 0
  %42 = select i1 %39, i1 %41, i1 false
  %43 = zext i1 %42 to i64
  br label %44

44:                                               ; preds = %38, %23
  %45 = phi i64 [ 1, %23 ], [ %43, %38 ]
  %46 = shl nuw nsw i64 %8, 10
  %47 = add nuw nsw i64 %46, 15360
  %48 = select i1 %26, i64 %47, i64 0
  %49 = add nuw nsw i64 %30, %48
  %50 = add nuw nsw i64 %49, %45
  %51 = trunc i64 %50 to i16
  %52 = or i16 %5, %51
  br label %53

53:                                               ; preds = %21, %44, %19, %11
  %54 = phi i16 [ %16, %11 ], [ %20, %19 ], [ %52, %44 ], [ %5, %21 ]
  ret i16 %54
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(none)
define zeroext i16 @__pixie_float_to_half(float noundef %0) local_unnamed_addr #3 {
  %2 = fpext float %0 to double
  %3 = bitcast double %2 to i64
  %4 = lshr i64 %3, 48
  %5 = trunc nuw i64 %4 to i16
  %6 = and i16 %5, -32768
  %7 = tail call double @llvm.fabs.f64(double %2)
  %8 = bitcast double %7 to i64
  %9 = lshr i64 %8, 52
  %10 = trunc nuw nsw i64 %9 to i32
  %11 = icmp samesign ugt i64 %8, 9218868437227405312
  br i1 %11, label %12, label %18

12:                                               ; preds = %1
  %13 = lshr i64 %3, 42
  %14 = trunc i64 %13 to i16
  %15 = and i16 %14, 511
  %16 = or disjoint i16 %15, %6
  %17 = or disjoint i16 %16, 32256
  br label %54

18:                                               ; preds = %1
  %19 = icmp samesign ugt i64 %8, 4679240012837945343
  br i1 %19, label %20, label %22

20:                                               ; preds = %18
  %21 = or disjoint i16 %6, 31744
  br label %54

22:                                               ; preds = %18
  %23 = icmp samesign ult i64 %8, 4494592428115755008
  br i1 %23, label %54, label %24

24:                                               ; preds = %22
  %25 = and i64 %3, 4503599627370495
  %26 = or disjoint i64 %25, 4503599627370496
  %27 = icmp samesign ugt i64 %8, 4544132024016830463
  %28 = sub nsw i32 1051, %10
  %29 = select i1 %27, i32 42, i32 %28
  %30 = zext nneg i32 %29 to i64
  %31 = lshr i64 %26, %30
  %32 = shl nsw i64 -1, %30
  %33 = xor i64 %32, -1
  %34 = and i64 %26, %33
  %35 = add nsw i32 %29, -1
  %36 = zext nneg i32 %35 to i64
  %37 = shl nuw nsw i64 1, %36
  %38 = icmp samesign ugt i64 %34, %37
  br i1 %38, label %45, label %39

39:                                               ; preds = %24
  %40 = icmp eq i64 %34, %37
  %41 = and i64 %31, 1
  %42 = icmp ne i64 %41, 0
  %43 = select i1 %40, i1 %42, i1 false
  %44 = zext i1 %43 to i64
  br label %45

45:                                               ; preds = %39, %24
  %46 = phi i64 [ 1, %24 ], [ %44, %39 ]
  %47 = shl nuw nsw i64 %9, 10
  %48 = add nuw nsw i64 %47, 15360
  %49 = select i1 %27, i64 %48, i64 0
  %50 = add nuw nsw i64 %31, %49
  %51 = add nuw nsw i64 %50, %46
  %52 = trunc i64 %51 to i16
  %53 = or i16 %6, %52
  br label %54

54:                                               ; preds = %12, %20, %22, %45
  %55 = phi i16 [ %17, %12 ], [ %21, %20 ], [ %53, %45 ], [ %6, %22 ]
  ret i16 %55
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(none)
define zeroext i16 @__pixie_float_to_bfloat(float noundef %0) local_unnamed_addr #3 {
  %2 = bitcast float %0 to i32
  %3 = fcmp uno float %0, 0.000000e+00
  br i1 %3, label %4, label %8

4:                                                ; preds = %1
  %5 = lshr i32 %2, 16
  %6 = trunc nuw i32 %5 to i16
  %7 = or i16 %6, 64
  br label %15

8:                                                ; preds = %1
  %9 = add i32 %2, 32767
  %10 = lshr i32 %2, 16
  %11 = and i32 %10, 1
  %12 = add i32 %9, %11
  %13 = lshr i32 %12, 16
  %14 = trunc nuw i32 %13 to i16
  br label %15

15:                                               ; preds = %8, %4
  %16 = phi i16 [ %7, %4 ], [ %14, %8 ]
  ret i16 %16
}

; Function Attrs: mustprogress nofree norecurse nosync nounwind willreturn memory(none)
define zeroext i16 @__pixie_double_to_bfloat(double noundef %0) local_unnamed_addr #3 {
  %2 = fptrunc double %0 to float
  %3 = bitcast float %2 to i32
  %4 = fcmp uno double %0, 0.000000e+00
  br i1 %4, label %5, label %9

5:                                                ; preds = %1
  %6 = lshr i32 %3, 16
  %7 = trunc nuw i32 %6 to i16
  %8 = or i16 %7, 64
  br label %37

9:                                                ; preds = %1
  %10 = fpext float %2 to double
  %11 = fcmp une double %0, %10
  %12 = and i32 %3, 1
  %13 = icmp eq i32 %12, 0
  %14 = and i1 %11, %13
  br i1 %14, label %15, label %22

15:                                               ; preds = %9
  %16 = tail call double @llvm.fabs.f64(double %10)
  %17 = tail call double @llvm.fabs.f64(double %0)
  %18 = fcmp olt double %16, %17
  %19 = or disjoint i32 %3, 1
  %20 = add i32 %3, -1
  %21 = select i1 %18, i32 %19, i32 %20
  br label %22

22:                                               ; preds = %15, %9
  %23 = phi i32 [ %3, %9 ], [ %21, %15 ]
  %24 = bitcast i32 %23 to float
  %25 = fcmp uno float %24, 0.000000e+00
  br i1 %25, label %26, label %30

26:                                               ; preds = %22
  %27 = lshr i32 %23, 16
  %28 = trunc nuw i32 %27 to i16
  %29 = or i16 %28, 64
  br label %37

30:                                               ; preds = %22
  %31 = add i32 %23, 32767
  %32 = lshr i32 %23, 16
  %33 = and i32 %32, 1
  %34 = add i32 %31, %33
  %35 = lshr i32 %34, 16
  %36 = trunc nuw i32 %35 to i16
  br label %37

37:                                               ; preds = %30, %26, %5
  %38 = phi i16 [ %8, %5 ], [ %29, %26 ], [ %36, %30 ]
  ret i16 %38
}

; Function Attrs: mustprogress nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.ctlz.i64(i64, i1 immarg) #6

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i128 @llvm.abs.i128(i128, i1 immarg) #7

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i32 @llvm.abs.i32(i32, i1 immarg) #7

; Function Attrs: nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.usub.sat.i64(i64, i64) #8

; Function Attrs: nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare i1 @llvm.is.fpclass.f64(double, i32 immarg) #8

attributes #0 = { nofree norecurse nosync nounwind memory(none) }
attributes #1 = { mustprogress nocallback nofree nosync nounwind willreturn memory(argmem: readwrite) }
attributes #2 = { nofree norecurse nosync nounwind memory(argmem: write) }
attributes #3 = { mustprogress nofree norecurse nosync nounwind willreturn memory(none) }
attributes #4 = { mustprogress nofree norecurse nosync nounwind willreturn memory(argmem: write) }
attributes #5 = { mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none) }
attributes #6 = { mustprogress nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #7 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #8 = { nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none) }
attributes #9 = { nounwind }
attributes #10 = { nobuiltin }

!llvm.errno.tbaa = !{!1}

!0 = !{i32 1, !"wchar_size", i32 4}
!1 = !{!2, !2, i64 0}
!2 = !{!"int", !3, i64 0}
!3 = !{!"omnipotent char", !4, i64 0}
!4 = !{!"Simple C/C++ TBAA"}
!5 = !{!6, !6, i64 0}
!6 = !{!"__int128", !3, i64 0}
!7 = distinct !{!7, !8, !9}
!8 = !{!"llvm.loop.mustprogress"}
!9 = !{!"llvm.loop.unroll.disable"}
!10 = distinct !{!10, !8, !9}
!11 = distinct !{!11, !8, !9}
!12 = distinct !{!12, !8, !9}
!13 = !{!14, !14, i64 0}
!14 = !{!"double", !3, i64 0}
!15 = distinct !{!15, !8, !9}
!16 = !{!17, !17, i64 0}
!17 = !{!"float", !3, i64 0}
