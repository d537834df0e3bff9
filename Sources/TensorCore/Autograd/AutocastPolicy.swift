package import Kernels

/// What `autocast` does with the operands of each operation, by the operation's name in messages;
/// operations that are not listed take what comes. Docs/mixed-precision.md says the same.
package let autocastTypes: [String: DType] = {
  let inHalf = [
    "matmul", "linear", "conv1d", "conv2d", "convTranspose2d", "scaledDotProductAttention",
    "recurrent",
  ]
  let inFloat = [
    // Losses
    "crossEntropy", "nllLoss", "mseLoss", "l1Loss", "smoothL1Loss", "huberLoss",
    "binaryCrossEntropy", "binaryCrossEntropyWithLogits", "klDivergence",
    // Along an axis
    "softmax", "logSoftmax", "layerNorm", "rmsNorm", "groupNorm",
    "sum", "prod", "cumsum", "norm", "logSumExp", "variance", "standardDeviation",
    // Element by element
    "exp", "expm1", "log", "log1p", "log2", "reciprocal", "reciprocalSquareRoot", "power",
    "softplus",
  ]
  return Dictionary(
    uniqueKeysWithValues: inHalf.map { ($0, .float16) } + inFloat.map { ($0, .float32) })
}()
