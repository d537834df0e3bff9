// Whoever uses tensors names the types of their elements, and may say who computes their products.
@_exported public import Elements
@_exported public import enum Kernels.MatrixProducts
@_exported public import enum Kernels.ProductProvider
