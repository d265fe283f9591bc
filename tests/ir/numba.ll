; As Numba wrote it with llvmlite before opaque pointers: a mangled name, a status and an error record, an array's structure.
; ModuleID = 'dot$1'
source_filename = "<string>"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

@"_ZN08NumbaEnv8__main__3dotB2v1E5ArrayIdLi1E1C7mutable7alignedE" = common local_unnamed_addr global i8* null
@.const.picklebuf = internal constant { i8*, i32, i8*, i8*, i32 } { i8* getelementptr inbounds ([4 x i8], [4 x i8]* @.const.pickledata, i32 0, i32 0), i32 4, i8* null, i8* null, i32 0 }
@.const.pickledata = internal constant [4 x i8] c"\80\04*."

; Function Attrs: nofree norecurse nounwind
define i32 @"_ZN8__main__3dotB2v1E5ArrayIdLi1E1C7mutable7alignedE"(double* noalias nocapture writeonly %retptr, { i8*, i32, i8*, i8*, i32 }** noalias nocapture writeonly %excinfo, i8* nocapture readnone %arg.x.0, i8* nocapture readnone %arg.x.1, i64 %arg.x.2, i64 %arg.x.3, double* nocapture readonly %arg.x.4, i64 %arg.x.5.0, i64 %arg.x.6.0) local_unnamed_addr #0 {
entry:
  %.65 = icmp sgt i64 %arg.x.5.0, 0
  br i1 %.65, label %B22.preheader, label %raise

B22.preheader:                                    ; preds = %entry
  br label %B22

B22:                                              ; preds = %B22.preheader, %B22
  %sum.2 = phi double [ %.150, %B22 ], [ 0.000000e+00, %B22.preheader ]
  %.26 = phi i64 [ %.140, %B22 ], [ 0, %B22.preheader ]
  %scevgep = getelementptr double, double* %arg.x.4, i64 %.26
  %.139 = load double, double* %scevgep, align 8
  %.140 = add nuw nsw i64 %.26, 1
  %.149 = fmul double %.139, %.139
  %.150 = fadd double %sum.2, %.149
  %exitcond = icmp eq i64 %.140, %arg.x.5.0
  br i1 %exitcond, label %done, label %B22

raise:                                            ; preds = %entry
  store { i8*, i32, i8*, i8*, i32 }* @.const.picklebuf, { i8*, i32, i8*, i8*, i32 }** %excinfo, align 8
  ret i32 1

done:                                             ; preds = %B22
  store double %.150, double* %retptr, align 8
  ret i32 0
}

; Function Attrs: nofree norecurse nounwind
define double @"cfunc._ZN8__main__3dotB2v1E5ArrayIdLi1E1C7mutable7alignedE"(double* %.1, i64 %.2) local_unnamed_addr #0 {
entry:
  %.4 = alloca double, align 8
  %excinfo = alloca { i8*, i32, i8*, i8*, i32 }*, align 8
  store { i8*, i32, i8*, i8*, i32 }* null, { i8*, i32, i8*, i8*, i32 }** %excinfo, align 8
  %.8 = call i32 @"_ZN8__main__3dotB2v1E5ArrayIdLi1E1C7mutable7alignedE"(double* nonnull %.4, { i8*, i32, i8*, i8*, i32 }** nonnull %excinfo, i8* null, i8* null, i64 %.2, i64 8, double* %.1, i64 %.2, i64 8) #1
  %.9 = load { i8*, i32, i8*, i8*, i32 }*, { i8*, i32, i8*, i8*, i32 }** %excinfo, align 8
  %raised = icmp ne { i8*, i32, i8*, i8*, i32 }* %.9, null
  %size.p = getelementptr { i8*, i32, i8*, i8*, i32 }, { i8*, i32, i8*, i8*, i32 }* %.9, i64 0, i32 1
  br i1 %raised, label %bad, label %good

bad:
  %size = load i32, i32* %size.p, align 8
  %code = sitofp i32 %size to double
  %negative = fneg double %code
  ret double %negative

good:
  %.10 = load double, double* %.4, align 8
  ret double %.10
}

attributes #0 = { nofree norecurse nounwind }
attributes #1 = { noinline }
