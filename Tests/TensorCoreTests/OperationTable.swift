import TensorCore
import TestSupport

/// How an operation of the fixtures is called here, and which of its cases the library cannot do
/// yet.
struct TableEntry: Sendable {
  typealias Call = @Sendable (FixtureCase, [Tensor]) throws -> Tensor

  /// Of the result.
  let output: Tolerance
  /// Of the gradients.
  let gradients: Tolerance
  /// Whether the library does not have what the case needs; nil where it has all but element types.
  let lacks: (@Sendable (FixtureCase) throws -> Bool)?
  let call: Call

  init(
    _ output: Tolerance = .float32, gradients: Tolerance = .float32,
    lacks: (@Sendable (FixtureCase) throws -> Bool)? = nil, call: @escaping Call
  ) {
    self.output = output
    self.gradients = gradients
    self.lacks = lacks
    self.call = call
  }
}

/// Every operation of the library that PyTorch's numbers exist for, by `family/operation`.
///
/// Results that IEEE arithmetic rounds once, and moved numbers, must be exact.
let operationTable: [String: TableEntry] = [
  "arithmetic/add": .init(.exact, lacks: \.takesIntegers) { $1[0] + $1[1] },
  "arithmetic/subtract": .init(.exact, lacks: \.takesIntegers) { $1[0] - $1[1] },
  "arithmetic/multiply": .init(.exact, lacks: \.takesIntegers) { $1[0] * $1[1] },
  "arithmetic/divide": .init(.exact, lacks: \.takesIntegers) { $1[0] / $1[1] },
  "arithmetic/addScalar": .init(.exact, lacks: \.takesIntegers) { $1[0] + (try $0.scalar) },
  "arithmetic/subtractScalar": .init(.exact) { $1[0] - (try $0.scalar) },
  "arithmetic/multiplyScalar": .init(.exact, lacks: \.takesIntegers) { $1[0] * (try $0.scalar) },
  "arithmetic/divideScalar": .init(.exact) { $1[0] / (try $0.scalar) },
  "arithmetic/scalarSubtract": .init(.exact) { (try $0.scalar) - $1[0] },
  "arithmetic/scalarDivide": .init(.exact) { (try $0.scalar) / $1[0] },

  "unary/negate": .init(.exact, gradients: .exact, lacks: \.takesIntegers) { -$1[0] },
  "unary/exp": .init { $1[0].exp() },
  "unary/log": .init { $1[0].log() },
  "unary/sqrt": .init(.exact) { $1[0].squareRoot() },
  "unary/square": .init(.exact, lacks: \.takesIntegers) { $1[0].squared() },
  "unary/tanh": .init { tanh($1[0]) },
  "unary/sigmoid": .init { sigmoid($1[0]) },
  "activations/relu": .init(.exact, gradients: .exact) { relu($1[0]) },

  "reductions/sum": .init(lacks: \.takesIntegers) {
    $1[0].sum(axes: try $0.axes($1[0]), keepingAxes: try $0.flag("keep"))
  },
  "reductions/mean": .init {
    $1[0].mean(axes: try $0.axes($1[0]), keepingAxes: try $0.flag("keep"))
  },
  "reductions/argmax": .init(lacks: lacksAxis) { $1[0].argmax(axis: try $0.axis) },
  "reductions/argmin": .init(lacks: lacksAxis) { $1[0].argmin(axis: try $0.axis) },

  "matmul/matmul": .init(
    .sum(of: 129), gradients: .sum(of: 129),
    lacks: { $0.shape(of: "input0").count != 2 || $0.shape(of: "input1").count != 2 }
  ) { matmul($1[0], $1[1]) },
  "matmul/linear": .init(.sum(of: 67), gradients: .sum(of: 67)) {
    linear($1[0], $1[1], $1.count > 2 ? $1[2] : nil)
  },

  "movement/reshape": moved { $1[0].reshaped(Shape(try $0.integers("shape") ?? [])) },
  "movement/expand": moved(lacks: { try $0.integers("shape")?.contains(-1) ?? false }) {
    $1[0].expanded(to: Shape(try $0.integers("shape") ?? []))
  },
  "movement/transpose": moved {
    $1[0].transposed(try $0.integer("axis0") ?? 0, try $0.integer("axis1") ?? 0)
  },
  "movement/permute": moved { $1[0].permuted(try $0.integers("axes") ?? []) },
  "movement/squeeze": moved(lacks: {
    let shape = $0.shape(of: "input0")
    return try $0.integer("axis").map { shape[$0 < 0 ? $0 + shape.count : $0] != 1 } ?? true
  }) { $1[0].squeezed(try $0.axis) },
  "movement/unsqueeze": moved { $1[0].unsqueezed(try $0.axis) },
  "movement/flattened": moved(lacks: { try $0.integer("to") != -1 }) {
    $1[0].flattened(from: try $0.integer("from") ?? 0)
  },

  "softmax/softmax": .init { softmax($1[0], axis: try $0.axis) },
  "softmax/logSoftmax": .init { logSoftmax($1[0], axis: try $0.axis) },

  "losses/crossEntropy": .init(lacks: {
    try $0.shape(of: "input0").count != 2 || $0.inputCount > 2
      || $0.number("labelSmoothing") != 0
      || $0.requiredTensor("input1").array(of: Int64.self)
        .contains(try Int64($0.integer("ignoreIndex") ?? 0))
  }) { crossEntropy($1[0], $1[1], reduction: try $0.reduction) },
  "losses/mseLoss": .init { mseLoss($1[0], $1[1], reduction: try $0.reduction) },
]

/// What PyTorch's numbers exist for and the library does not have yet: taken off here when it does.
let operationsNotYetHere: [String: Set<String>] = [
  "activations": [
    "elu", "gelu", "geluTanh", "hardsigmoid", "hardtanh", "leakyRelu", "logSigmoid", "silu",
    "softplus",
  ],
  "arithmetic": ["floorDivide", "maximum", "minimum", "power", "powerScalar", "remainder"],
  "attention": ["scaledDotProductAttention"],
  "comparison": [
    "equal", "greater", "greaterEqual", "isNaN", "less", "lessEqual", "logicalAnd", "logicalNot",
    "logicalOr", "notEqual", "where",
  ],
  "convolution": [
    "adaptiveAvgPool2d", "avgPool2d", "conv1d", "conv2d", "convTranspose2d", "maxPool2d",
  ],
  "losses": [
    "binaryCrossEntropy", "binaryCrossEntropyWithLogits", "crossEntropyProbabilities",
    "huberLoss", "klDivergence", "l1Loss", "nllLoss", "smoothL1Loss",
  ],
  "matmul": ["einsum"],
  "movement": [
    "cat", "diagonal", "embedding", "flip", "gather", "indexSelect", "maskedFill", "pad", "repeat",
    "roll", "scatterAdd", "select", "slice", "split", "stack", "tril", "triu", "unfold1d",
  ],
  "reductions": [
    "all", "any", "cumsum", "logSumExp", "max", "min", "norm", "prod", "std", "variance",
  ],
  "softmax": ["batchNorm", "groupNorm", "layerNorm", "rmsNorm"],
  "sorting": ["argsort", "sort", "topK"],
  "unary": [
    "abs", "ceil", "clamp", "cos", "erf", "expm1", "floor", "log1p", "log2", "reciprocal", "round",
    "rsqrt", "sign", "sin",
  ],
]

private func moved(
  lacks: (@Sendable (FixtureCase) throws -> Bool)? = nil, call: @escaping TableEntry.Call
) -> TableEntry {
  TableEntry(.exact, gradients: .float32, lacks: lacks, call: call)
}

@Sendable private func lacksAxis(_ example: FixtureCase) throws -> Bool {
  try example.takesIntegers || example.flag("keep") || example.integer("axis") == nil
}

extension FixtureCase {
  fileprivate var scalar: Float { get throws { Float(try number("scalar")) } }
  fileprivate var axis: Int { get throws { try integer("axis") ?? 0 } }

  fileprivate func axes(_ tensor: Tensor) throws -> [Int] {
    try integers("axes") ?? Array(0..<tensor.rank)
  }

  fileprivate var reduction: LossReduction {
    get throws {
      switch try text("reduction") {
      case "mean": .mean
      case "sum": .sum
      case "none": .none
      case let other: throw FixtureError(description: "\(path): no reduction \(other)")
      }
    }
  }
}
