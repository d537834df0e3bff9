import NeuralNet
import TensorCore
import TestSupport
import Testing

/// The sentences with which misuse of layers stops.
@Suite(.serialized) struct LayerMisuseTests {
  private static let misuses: [(sentence: String, body: @Sendable () -> Void)] = [
    ("Linear: weight [3] and bias []; expected", { _ = Linear(weight: .zeros([3])) }),
    (
      "Bilinear: 0 and 2 inputs and 3 outputs; all must be positive",
      { _ = Bilinear(0, 2, 3) }
    ),
    (
      "Bilinear: inputs [4, 2] and [5, 3]; expected […, 2] and […, 3]",
      { _ = Bilinear(2, 3, 1)(.zeros([4, 2]), .zeros([5, 3])) }
    ),
    (
      "Conv2d: 0 inputs, 3 outputs and a kernel of [2, 2]; all must be positive",
      { _ = Conv2d(0, 3, kernel: 2) }
    ),
    (
      "Conv1d: 4 inputs and 6 outputs cannot be cut into 4 groups",
      { _ = Conv1d(4, 6, kernel: 3, groups: 4) }
    ),
    (
      "ConvTranspose2d: 4 inputs and 6 outputs cannot be cut into 0 groups",
      { _ = ConvTranspose2d(4, 6, kernel: 3, groups: 0) }
    ),
    ("BatchNorm1d: 0 channels; it must be positive", { _ = BatchNorm1d(0) }),
    (
      "BatchNorm2d: an input of shape [2, 3], which has 2 dimensions",
      { _ = BatchNorm2d(3)(.zeros([2, 3])) }
    ),
    ("LayerNorm: the normalised shape [2, 0]; it needs axes", { _ = LayerNorm([2, 0]) }),
    ("GroupNorm: 4 channels cannot be cut into 3 groups", { _ = GroupNorm(groups: 3, 4) }),
    ("Dropout: probability 1.5 is not between 0 and 1", { _ = Dropout(probability: 1.5) }),
    (
      "Dropout2d: an input of shape [2]; expected [samples, channels, height, width]",
      { _ = Dropout2d()(.zeros([2])) }
    ),
    ("Embedding: 0 vectors of 3 features; both must be positive", { _ = Embedding(0, 3) }),
    ("Embedding: padding index 4 for 4 vectors", { _ = Embedding(4, 3, paddingIndex: 4) }),
    (
      "PReLU: an input of shape [2, 4] for 3 slopes, one per channel",
      { _ = PReLU(3)(.zeros([2, 4])) }
    ),
    ("LSTM: 0 layers; there must be one at least", { _ = LSTM(2, 3, layers: 0) }),
    (
      "recurrent layer: 2 inputs and 0 hidden units; both must be positive", { _ = GRU(2, 0) }
    ),
    (
      "GRU: an input of shape [5, 2, 4]; expected [batch, steps, 3]",
      { _ = GRU(3, 4, batchFirst: true)(.zeros([5, 2, 4])) }
    ),
    ("RNN: an input of shape [0, 2, 3] has no steps", { _ = RNN(3, 4)(.zeros([0, 2, 3])) }),
    (
      "LSTM: a first state of shape [1, 2, 4]; expected [2, 2, 4]",
      { _ = LSTM(3, 4, layers: 2)(.zeros([5, 2, 3]), (.zeros([1, 2, 4]), .zeros([2, 2, 4]))) }
    ),
    (
      "LSTMCell: an input of shape [1, 2]; expected [batch, 3]",
      { _ = LSTMCell(3, 4)(.zeros([2])) }
    ),
    (
      "GRUCell: a state of shape [1, 4]; expected [2, 4]",
      { _ = GRUCell(3, 4)(.zeros([2, 3]), .zeros([1, 4])) }
    ),
    (
      "MultiHeadAttention: 6 features cannot be cut into 4 heads of equal size",
      { _ = MultiHeadAttention(6, heads: 4) }
    ),
    (
      "MultiHeadAttention: query [2, 3, 5], key [2, 3, 6] and value [2, 3, 6]; expected [time, batch",
      {
        _ = MultiHeadAttention(6, heads: 2)(
          .zeros([2, 3, 5]), .zeros([2, 3, 6]), .zeros([2, 3, 6]))
      }
    ),
    (
      "MultiHeadAttention: a keyPaddingMask of shape [2, 2]; expected [3, keys]",
      {
        let x = Tensor.zeros([2, 3, 4])
        _ = MultiHeadAttention(4, heads: 2)(x, x, x, keyPaddingMask: .zeros([2, 2], .bool))
      }
    ),
    (
      "MultiHeadAttention: a mask of int64; expected bool or float32",
      {
        let x = Tensor.zeros([2, 3, 4])
        _ = MultiHeadAttention(4, heads: 2)(x, x, x, attentionMask: .zeros([2, 2], .int64))
      }
    ),
    (
      "kaimingUniform: a weight of shape [3]; it must be [outputs, inputs, …]",
      { Initialization.kaimingUniform(.zeros([3])) }
    ),
    (
      "orthogonal: a weight of shape [3]; it must be [outputs, inputs, …]",
      { Initialization.orthogonal(.zeros([3])) }
    ),
    (
      "truncatedNormal: no values in 100.0...101.0 for mean 0.0 and standard deviation 1.0",
      { Initialization.truncatedNormal(.zeros([3]), in: 100...101) }
    ),
  ]

  @Test(arguments: misuses.indices)
  func misuseStopsWithASentence(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in Self.misuses[index].body() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
