//! Types.

use std::fmt;
use std::marker::PhantomData;

use inkwell::llvm_sys::LLVMTypeKind;
use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::prelude::LLVMTypeRef;

use super::taken;

/// A type of a live context.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Type<'m>(LLVMTypeRef, PhantomData<&'m ()>);

impl<'m> Type<'m> {
    /// Wraps a type of a context that lives as long as `'m`.
    ///
    /// # Safety
    /// `raw` is not null and belongs to such a context.
    pub const unsafe fn new(raw: LLVMTypeRef) -> Type<'m> {
        Type(raw, PhantomData)
    }

    /// The raw pointer.
    pub const fn raw(self) -> LLVMTypeRef {
        self.0
    }

    /// The kind.
    pub fn kind(self) -> LLVMTypeKind {
        // SAFETY: the type is alive.
        unsafe { LLVMGetTypeKind(self.0) }
    }

    /// Whether it is a vector, fixed or scalable.
    pub fn is_vector(self) -> bool {
        matches!(self.kind(), LLVMTypeKind::LLVMVectorTypeKind | LLVMTypeKind::LLVMScalableVectorTypeKind)
    }

    /// The lanes of a fixed vector; `None` for everything else.
    pub fn lanes(self) -> Option<u32> {
        // SAFETY: asked of a vector only.
        (self.kind() == LLVMTypeKind::LLVMVectorTypeKind).then(|| unsafe { LLVMGetVectorSize(self.0) })
    }

    /// The least size of a vector, in bits; 0 for everything else, vectors of pointers among them.
    pub fn vector_bits(self) -> u32 {
        if !self.is_vector() {
            return 0;
        }
        let element = match self.element().kind() {
            LLVMTypeKind::LLVMHalfTypeKind | LLVMTypeKind::LLVMBFloatTypeKind => 16,
            LLVMTypeKind::LLVMFloatTypeKind => 32,
            LLVMTypeKind::LLVMDoubleTypeKind => 64,
            _ => self.element().int_bits().unwrap_or(0),
        };
        // SAFETY: it is a vector, for which LLVM tells the (least) number of lanes.
        element.saturating_mul(unsafe { LLVMGetVectorSize(self.0) })
    }

    /// The element of a vector or array; any other type is its own.
    pub fn element(self) -> Type<'m> {
        match self.kind() {
            LLVMTypeKind::LLVMVectorTypeKind
            | LLVMTypeKind::LLVMScalableVectorTypeKind
            | LLVMTypeKind::LLVMArrayTypeKind => {
                // SAFETY: these three have an element type.
                Type(unsafe { LLVMGetElementType(self.0) }, PhantomData)
            }
            _ => self,
        }
    }

    /// The width of an integer type.
    pub fn int_bits(self) -> Option<u32> {
        // SAFETY: asked of an integer only.
        (self.kind() == LLVMTypeKind::LLVMIntegerTypeKind).then(|| unsafe { LLVMGetIntTypeWidth(self.0) })
    }

    /// The fields of a struct; empty for everything else.
    pub fn fields(self) -> Vec<Type<'m>> {
        if self.kind() != LLVMTypeKind::LLVMStructTypeKind {
            return Vec::new();
        }
        // SAFETY: it is a struct.
        let count = unsafe { LLVMCountStructElementTypes(self.0) };
        // SAFETY: the index is in range.
        (0..count).map(|index| unsafe { Type::new(LLVMStructGetTypeAtIndex(self.0, index)) }).collect()
    }

    /// Whether it is a function type.
    pub fn is_function(self) -> bool {
        self.kind() == LLVMTypeKind::LLVMFunctionTypeKind
    }

    /// The result of a function type.
    pub fn return_type(self) -> Type<'m> {
        if !self.is_function() {
            return self;
        }
        // SAFETY: it is a function type.
        unsafe { Type::new(LLVMGetReturnType(self.0)) }
    }

    /// The parameters of a function type.
    pub fn param_types(self) -> Vec<Type<'m>> {
        if !self.is_function() {
            return Vec::new();
        }
        // SAFETY: it is a function type; LLVM fills as many as it counts.
        unsafe {
            let count = LLVMCountParamTypes(self.0) as usize;
            let mut raw = vec![std::ptr::null_mut(); count];
            LLVMGetParamTypes(self.0, raw.as_mut_ptr());
            raw.into_iter().map(|ty| Type(ty, PhantomData)).collect()
        }
    }

    /// Whether a function type takes variable arguments.
    pub fn is_variadic(self) -> bool {
        // SAFETY: asked of a function type only.
        self.is_function() && unsafe { LLVMIsFunctionVarArg(self.0) != 0 }
    }
}

impl fmt::Display for Type<'_> {
    /// The text of the type as in an `.ll` file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the type is alive; LLVM hands the text over.
        f.write_str(&unsafe { taken(LLVMPrintTypeToString(self.0)) })
    }
}
