// Whoever uses tensors names the types of their elements.
@_exported public import Elements
