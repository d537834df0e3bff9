// Element types are Kernels', which move them; whoever uses tensors names them.
@_exported public import enum Kernels.DType
@_exported public import protocol Kernels.TensorElement
