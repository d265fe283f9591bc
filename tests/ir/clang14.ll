; What clang 14 and an older front end write: every position in which a typed pointer stands, with results that are known.
source_filename = "old.c"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

%struct.Point = type { double, double, %struct.Point* }
%struct.Ops = type { double (double, double)*, i8* }

@table = internal constant [2 x %struct.Ops] [%struct.Ops { double (double, double)* @add, i8* getelementptr inbounds ([5 x i8], [5 x i8]* @.str, i32 0, i32 0) }, %struct.Ops { double (double, double)* @mul, i8* null }], align 16
@.str = private unnamed_addr constant [5 x i8] c"a*b \00", align 1

; Function Attrs: mustprogress nofree norecurse nosync nounwind readnone uwtable willreturn
define internal double @add(double noundef %0, double noundef %1) #0 {
  %3 = fadd double %0, %1
  ret double %3
}

define internal double @mul(double noundef %0, double noundef %1) #0 {
  %3 = fmul double %0, %1
  ret double %3
}

; Function Attrs: nounwind uwtable
define dso_local void @apply(i32 noundef %0, double* nocapture noundef readonly %1, double* nocapture noundef readonly %2, double* nocapture noundef writeonly %3) local_unnamed_addr #1 {
  %5 = sext i32 %0 to i64
  %6 = getelementptr inbounds [2 x %struct.Ops], [2 x %struct.Ops]* @table, i64 0, i64 %5, i32 0
  %7 = load double (double, double)*, double (double, double)** %6, align 16, !tbaa !5
  %8 = load double, double* %1, align 8, !tbaa !10
  %9 = load double, double* %2, align 8, !tbaa !10
  %10 = call double %7(double noundef %8, double noundef %9) #5
  store double %10, double* %3, align 8, !tbaa !10
  ret void
}

; Function Attrs: argmemonly nofree nounwind willreturn
declare void @llvm.memcpy.p0i8.p0i8.i64(i8* noalias nocapture writeonly, i8* noalias nocapture readonly, i64, i1 immarg) #2
declare void @llvm.memset.p0i8.i64(i8* nocapture writeonly, i8, i64, i1 immarg) #2
declare void @llvm.lifetime.start.p0i8(i64 immarg, i8* nocapture) #2
declare void @llvm.lifetime.end.p0i8(i64 immarg, i8* nocapture) #2
declare <4 x double> @llvm.masked.load.v4f64.p0v4f64(<4 x double>*, i32 immarg, <4 x i1>, <4 x double>) #2
declare <4 x i64> @llvm.masked.load.v4i64.p0v4i64(<4 x i64>*, i32 immarg, <4 x i1>, <4 x i64>) #2
declare <2 x double> @llvm.masked.gather.v2f64.v2p0f64(<2 x double*>, i32 immarg, <2 x i1>, <2 x double>) #2

define dso_local void @sumcopy(i8* %src, i64 %n, double* %out) #1 {
entry:
  %buffer = alloca [64 x double], align 16
  %0 = bitcast [64 x double]* %buffer to i8*
  call void @llvm.lifetime.start.p0i8(i64 512, i8* nonnull %0) #5
  call void @llvm.memset.p0i8.i64(i8* noundef nonnull align 16 dereferenceable(512) %0, i8 0, i64 512, i1 false)
  %bytes = shl i64 %n, 3
  call void @llvm.memcpy.p0i8.p0i8.i64(i8* align 16 %0, i8* align 8 %src, i64 %bytes, i1 false)
  br label %loop

loop:                                             ; preds = %loop, %entry
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %sum = phi double [ 0.000000e+00, %entry ], [ %more, %loop ]
  %p = getelementptr inbounds [64 x double], [64 x double]* %buffer, i64 0, i64 %i
  %v = load double, double* %p, align 8
  %more = fadd double %sum, %v
  %next = add nuw i64 %i, 1
  %done = icmp eq i64 %next, 64
  br i1 %done, label %end, label %loop

end:
  call void @llvm.lifetime.end.p0i8(i64 512, i8* nonnull %0) #5
  store double %more, double* %out, align 8
  ret void
}

define dso_local void @masked(double* %x, i64* %k, double* %out) #1 {
  %px = bitcast double* %x to <4 x double>*
  %pk = bitcast i64* %k to <4 x i64>*
  %vx = call <4 x double> @llvm.masked.load.v4f64.p0v4f64(<4 x double>* %px, i32 8, <4 x i1> <i1 true, i1 false, i1 true, i1 true>, <4 x double> zeroinitializer)
  %vk = call <4 x i64> @llvm.masked.load.v4i64.p0v4i64(<4 x i64>* %pk, i32 8, <4 x i1> <i1 true, i1 true, i1 true, i1 false>, <4 x i64> zeroinitializer)
  %fk = sitofp <4 x i64> %vk to <4 x double>
  %s = fadd <4 x double> %vx, %fk
  %po = bitcast double* %out to <4 x double>*
  store <4 x double> %s, <4 x double>* %po, align 8
  %two = insertelement <2 x double*> undef, double* %x, i32 0
  %xx = getelementptr double, double* %x, i64 3
  %twoo = insertelement <2 x double*> %two, double* %xx, i32 1
  %g = call <2 x double> @llvm.masked.gather.v2f64.v2p0f64(<2 x double*> %twoo, i32 8, <2 x i1> <i1 true, i1 true>, <2 x double> undef)
  %g0 = extractelement <2 x double> %g, i32 0
  %g1 = extractelement <2 x double> %g, i32 1
  %gs = fadd double %g0, %g1
  %o4 = getelementptr double, double* %out, i64 4
  store double %gs, double* %o4, align 8
  ret void
}

define internal void @norm(double* noalias sret %r, %struct.Point* byval align 8 %p) #1 {
  %a = getelementptr inbounds %struct.Point, %struct.Point* %p, i32 0, i32 0
  %b = getelementptr inbounds %struct.Point, %struct.Point* %p, i32 0, i32 1
  %x = load double, double* %a
  %y = load double, double* %b
  store double 9.0, double* %a
  %xx = fmul double %x, %x
  %yy = fmul double %y, %y
  %s = fadd double %xx, %yy
  store double %s, double* %r
  ret void
}

define dso_local void @chain(double* %xs, i64 %n, double* %out) #1 {
entry:
  %head = alloca %struct.Point*, align 8
  %node = alloca %struct.Point, align 8
  store %struct.Point* null, %struct.Point** %head
  %fx = getelementptr %struct.Point, %struct.Point* %node, i32 0, i32 0
  %fy = getelementptr %struct.Point, %struct.Point* %node, i32 0, i32 1
  %fn = getelementptr %struct.Point, %struct.Point* %node, i32 0, i32 2
  %x = load double, double* %xs
  %xs1 = getelementptr double, double* %xs, i64 1
  %y = load double, double* %xs1
  store double %x, double* %fx
  store double %y, double* %fy
  %h = load %struct.Point*, %struct.Point** %head
  store %struct.Point* %h, %struct.Point** %fn
  store %struct.Point* %node, %struct.Point** %head
  %again = load %struct.Point*, %struct.Point** %head
  %isnull = icmp eq %struct.Point* %again, null
  br i1 %isnull, label %no, label %yes
yes:
  call void @norm(double* sret %out, %struct.Point* byval align 8 %again)
  %keep = getelementptr %struct.Point, %struct.Point* %again, i32 0, i32 0
  %kept = load double, double* %keep
  %o1 = getelementptr double, double* %out, i64 1
  store double %kept, double* %o1
  ret void
no:
  store double -1.0, double* %out
  ret void
}

attributes #0 = { mustprogress nofree norecurse nosync nounwind readnone uwtable willreturn "frame-pointer"="none" "min-legal-vector-width"="0" "no-trapping-math"="true" "stack-protector-buffer-size"="8" "target-cpu"="x86-64" "target-features"="+cx8,+fxsr,+mmx,+sse,+sse2,+x87" "tune-cpu"="generic" }
attributes #1 = { nounwind uwtable "frame-pointer"="none" "min-legal-vector-width"="0" "no-trapping-math"="true" "stack-protector-buffer-size"="8" "target-cpu"="x86-64" "target-features"="+cx8,+fxsr,+mmx,+sse,+sse2,+x87" "tune-cpu"="generic" }
attributes #2 = { argmemonly nofree nounwind willreturn }
attributes #5 = { nounwind }

!llvm.module.flags = !{!0, !1, !2, !3}
!llvm.ident = !{!4}

!0 = !{i32 1, !"wchar_size", i32 4}
!1 = !{i32 7, !"PIC Level", i32 2}
!2 = !{i32 7, !"uwtable", i32 1}
!3 = !{i32 7, !"PIE Level", i32 2}
!4 = !{!"Debian clang version 14.0.6"}
!5 = !{!6, !7, i64 0}
!6 = !{!"", !7, i64 0, !7, i64 8}
!7 = !{!"any pointer", !8, i64 0}
!8 = !{!"omnipotent char", !9, i64 0}
!9 = !{!"Simple C/C++ TBAA"}
!10 = !{!11, !11, i64 0}
!11 = !{!"double", !8, i64 0}
