import TensorCore
import TestSupport

let convolutionFamily = OperationFamily(
  "convolution",
  table: [:],
  missing: ["adaptiveAvgPool2d", "avgPool2d", "conv1d", "conv2d", "convTranspose2d", "maxPool2d"],
  differentiable: [],
  misuses: [])
