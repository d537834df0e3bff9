/// The type that an operation runs in: that of the `autocast` region, or float32.
package enum AutocastPolicy { case narrow, wide }

/// What `autocast` does with the operands of each operation, by the operation's name in messages;
/// operations that are not listed take what comes. Docs/mixed-precision.md says the same.
package let autocastPolicies: [String: AutocastPolicy] = {
  let narrow = [
    "matmul", "linear", "conv1d", "conv2d", "convTranspose2d", "scaledDotProductAttention",
    "recurrent",
  ]
  let wide = [
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
    uniqueKeysWithValues: narrow.map { ($0, .narrow) } + wide.map { ($0, .wide) })
}()
