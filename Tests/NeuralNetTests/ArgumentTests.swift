import NeuralNet
import TensorCore
import TestSupport
import Testing

/// Arguments of initialisers that no layer can do anything with.
@Suite(.serialized) struct ArgumentTests {
  private static let misuses: [(sentence: String, body: @Sendable () -> Void)] = [
    ("Linear: -1 inputs and 3 outputs; neither may be negative", { _ = Linear(-1, 3) }),
    (
      "Conv1d: stride [0] and dilation [1]; both must be",
      { _ = Conv1d(2, 2, kernel: 3, stride: 0) }
    ),
    (
      "Conv2d: stride [1, -1] and dilation [1, 1]; both must be positive",
      { _ = Conv2d(2, 2, kernel: (3, 3), stride: (1, -1)) }
    ),
    (
      "Conv2d: stride [1, 1] and dilation [0, 0]; both must be positive",
      { _ = Conv2d(2, 2, kernel: 3, dilation: 0) }
    ),
    (
      "Conv2d: padding [-1, -1]; it must not be negative",
      { _ = Conv2d(2, 2, kernel: 3, padding: -1) }
    ),
    ("Conv2d: 2 inputs, 2 outputs and a kernel of [0, 0]", { _ = Conv2d(2, 2, kernel: 0) }),
    (
      "Conv2d: 2 inputs and 2 outputs cannot be cut into -1 groups",
      {
        _ = Conv2d(2, 2, kernel: 3, groups: -1)
      }
    ),
    (
      "ConvTranspose2d: outputPadding [1, 1]; it must be less than the stride or the dilation",
      { _ = ConvTranspose2d(2, 2, kernel: 3, outputPadding: 1) }
    ),
    (
      "MaxPool1d: a kernel of [0] and stride [0]; both must be positive",
      { _ = MaxPool1d(kernel: 0) }
    ),
    (
      "MaxPool2d: a kernel of [2, 2] and stride [0, 0]; both must be positive",
      { _ = MaxPool2d(kernel: 2, stride: 0) }
    ),
    (
      "MaxPool2d: padding [2, 2] for a kernel of [3, 3]; it may be half the kernel at most",
      { _ = MaxPool2d(kernel: 3, padding: 2) }
    ),
    (
      "AvgPool1d: padding [-1] for a kernel of [3]; it may be half the kernel at most",
      { _ = AvgPool1d(kernel: 3, padding: -1) }
    ),
    (
      "AvgPool2d: padding [2, 2] for a kernel of [3, 3]; it may be half the kernel at most",
      { _ = AvgPool2d(kernel: 3, padding: 2) }
    ),
    ("AdaptiveAvgPool1d: a result of 0; it must be positive", { _ = AdaptiveAvgPool1d(size: 0) }),
    ("AdaptiveAvgPool2d: a result of 0 x 0; both must be", { _ = AdaptiveAvgPool2d(size: 0) }),
    ("BatchNorm1d: epsilon 0.0 is not positive, or not finite", { _ = BatchNorm1d(2, epsilon: 0) }),
    ("BatchNorm2d: epsilon -1.0 is not positive", { _ = BatchNorm2d(2, epsilon: -1) }),
    ("BatchNorm2d: epsilon nan is not positive", { _ = BatchNorm2d(2, epsilon: .nan) }),
    (
      "BatchNorm1d: momentum -0.5 is not between 0 and 1",
      { _ = BatchNorm1d(2, momentum: -0.5) }
    ),
    ("BatchNorm1d: momentum nan is not between 0 and 1", { _ = BatchNorm1d(2, momentum: .nan) }),
    ("LayerNorm: epsilon -1.0 is not positive", { _ = LayerNorm(2, epsilon: -1) }),
    ("RMSNorm: epsilon nan is not positive", { _ = RMSNorm(2, epsilon: .nan) }),
    ("GroupNorm: epsilon 0.0 is not positive", { _ = GroupNorm(groups: 2, 4, epsilon: 0) }),
    ("GroupNorm: 4 channels cannot be cut into 0 groups", { _ = GroupNorm(groups: 0, 4) }),
    ("LayerNorm: epsilon -1.0 is not", { _ = TransformerBlock(4, heads: 2, epsilon: -1) }),
    (
      "Hardtanh: the minimum 0.5 is not below the maximum -0.5",
      {
        _ = Hardtanh(minimum: 0.5, maximum: -0.5)
      }
    ),
    ("Hardtanh: the minimum nan is not below the maximum 1.0", { _ = Hardtanh(minimum: .nan) }),
    ("Dropout: probability nan is not between 0 and 1", { _ = Dropout(probability: .nan) }),
    ("Dropout2d: probability -0.5 is not between 0 and 1", { _ = Dropout2d(probability: -0.5) }),
    (
      "recurrent dropout: probability nan is not between 0 and 1",
      { _ = LSTM(2, 3, layers: 2, dropout: .nan) }
    ),
    (
      "MultiHeadAttention: probability 1.5 is not between 0 and 1",
      { _ = MultiHeadAttention(4, heads: 2, dropout: 1.5) }
    ),
    (
      "MultiHeadAttention: 4 features cannot be cut into 0 heads of equal size",
      { _ = MultiHeadAttention(4, heads: 0) }
    ),
    (
      "Embedding: padding index 4 for 4 vectors",
      { _ = Embedding(weight: .zeros([4, 2]), paddingIndex: 4) }
    ),
    ("PReLU: 0 slopes; there must be one or one per channel", { _ = PReLU(0) }),
    (
      "CrossEntropyLoss: label smoothing nan is not between 0 and 1",
      { _ = CrossEntropyLoss(labelSmoothing: .nan) }
    ),
    (
      "CrossEntropyLoss: label smoothing 1.5 is not between 0 and 1",
      { _ = CrossEntropyLoss(labelSmoothing: 1.5) }
    ),
    (
      "NLLLoss: a weight of float32 and shape [2, 2]; expected a float for each class",
      { _ = NLLLoss(weight: .ones([2, 2])) }
    ),
    ("SmoothL1Loss: beta -1.0 is negative or not a number", { _ = SmoothL1Loss(beta: -1) }),
    ("HuberLoss: delta nan is not positive", { _ = HuberLoss(delta: .nan) }),
    ("Unflatten: sizes [-1, -1]; there must be some", { _ = Unflatten(1, [-1, -1]) }),
    (
      "Unflatten: axis 1 of an input of shape [2, 5] cannot be cut into [2, -1]",
      { _ = Unflatten(1, [2, -1])(.zeros([2, 5])) }
    ),
    (
      "normal: mean 0.0 and standard deviation -1.0; both must be finite, and the deviation not",
      { Initialization.normal(.zeros([2]), standardDeviation: -1) }
    ),
    (
      "xavierUniform: a gain of -1.0; it must be 0 or more, and finite",
      { Initialization.xavierUniform(.zeros([2, 2]), gain: -1) }
    ),
    (
      "kaimingNormal: a gain of nan; it must be 0 or more, and finite",
      { Initialization.kaimingNormal(.zeros([2, 2]), for: .leakyRelu(negativeSlope: .nan)) }
    ),
    (
      "orthogonal: a gain of inf; it must be 0 or more, and finite",
      { Initialization.orthogonal(.zeros([2, 2]), gain: .infinity) }
    ),
    (
      "uniform: the range -inf...inf is too large; its width must be finite",
      { Initialization.uniform(.zeros([2]), in: -.infinity ... .infinity) }
    ),
  ]

  @Test(arguments: misuses.indices)
  func refusedArgumentStopsWithASentence(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in Self.misuses[index].body() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }

  /// A layer without inputs gives its bias, which is 0 at first, as in PyTorch.
  @Test func layerWithoutInputsGivesItsBias() {
    let layer = Linear(0, 3)
    #expect(layer.bias?.floats == [0, 0, 0] && layer.weight.shape == [3, 0])
    layer.bias?.fill(2)
    let output = layer(.zeros([2, 4, 0]))
    #expect(output.shape == [2, 4, 3] && output.floats == Array(repeating: 2, count: 24))
  }

  @Test func preluOfAScalarIsAScalar() {
    let x = Tensor(Float(-2))
    x.requiresGrad = true
    let layer = PReLU()
    let y = layer(x)
    #expect(y.shape == [] && y.item() == -0.5)
    y.backward()
    #expect(x.grad?.shape == [] && x.grad?.item() == 0.25)
    #expect(layer.weight.grad?.floats == [-2])
  }

  /// -1 follows from the axis that is cut, also of an empty batch.
  @Test func unflattenOfAnEmptyBatch() {
    #expect(Unflatten(1, [3, -1])(.zeros([0, 12])).shape == [0, 3, 4])
  }

  /// Initialisers set values outside the graph, whatever they are given.
  @Test func initializersStayOutsideTheGraph() {
    let weight = Tensor.zeros([2, 3]).asParameter()
    Initialization.constant(weight[0], 2)
    Initialization.uniform(weight[1], in: 3...4)
    #expect(weight[0].floats == [2, 2, 2] && weight[1].floats.allSatisfy { $0 >= 3 })
    (weight * weight).sum().backward()
    #expect(weight.grad?.floats == weight.floats.map { 2 * $0 })
  }
}
