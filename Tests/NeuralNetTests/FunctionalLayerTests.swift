import NeuralNet
import TensorCore
import TestSupport
import Testing

/// Layers that only hand their arguments to an operation, and the ways in which recurrent layers
/// can be called.
@Suite struct FunctionalLayerTests {
  private let x = gridValues([2, 3, 4, 6], seed: 3)

  @Test func layersWithoutWeightsAreTheirOperations() {
    let cases: [(any Layer, Tensor)] = [
      (ReLU(), relu(x)), (Tanh(), tanh(x)), (Sigmoid(), sigmoid(x)), (SiLU(), silu(x)),
      (LogSigmoid(), logSigmoid(x)), (Hardsigmoid(), hardsigmoid(x)), (GELU(), gelu(x)),
      (GELU(approximation: .tanh), gelu(x, approximation: .tanh)),
      (LeakyReLU(), leakyRelu(x)),
      (LeakyReLU(negativeSlope: 0.2), leakyRelu(x, negativeSlope: 0.2)),
      (ELU(), elu(x)), (ELU(alpha: 2), elu(x, alpha: 2)), (Softplus(), softplus(x)),
      (Softplus(beta: 2, threshold: 1), softplus(x, beta: 2, threshold: 1)),
      (Hardtanh(), hardtanh(x)),
      (Hardtanh(minimum: 0, maximum: 1.5), hardtanh(x, minimum: 0, maximum: 1.5)),
      (Softmax(), softmax(x)), (Softmax(axis: 1), softmax(x, axis: 1)),
      (LogSoftmax(axis: 0), logSoftmax(x, axis: 0)), (Identity(), x),
      (Flatten(), x.reshaped([2, 72])), (Flatten(from: 0, to: 1), x.reshaped([6, 4, 6])),
      (Unflatten(-1, [2, -1]), x.reshaped([2, 3, 4, 2, 3])),
      (MaxPool2d(kernel: 2), maxPool2d(x, kernel: 2)),
      (
        MaxPool2d(kernel: (3, 2), stride: (1, 2), padding: (1, 0)),
        maxPool2d(x, kernel: (3, 2), stride: (1, 2), padding: (1, 0))
      ),
      (MaxPool2d(kernel: 3, stride: 2, padding: 1), maxPool2d(x, kernel: 3, stride: 2, padding: 1)),
      (AvgPool2d(kernel: 2), avgPool2d(x, kernel: 2)),
      (
        AvgPool2d(kernel: 3, stride: 1, padding: 1, countIncludesPadding: false),
        avgPool2d(x, kernel: 3, stride: 1, padding: 1, countIncludesPadding: false)
      ),
      (AdaptiveAvgPool2d(size: 1), x.mean(axes: [2, 3], keepingAxes: true)),
      (AdaptiveAvgPool2d(size: (3, 4)), adaptiveAvgPool2d(x, size: (3, 4))),
    ]
    for (layer, expected) in cases {
      let output = layer(x)
      #expect(output.shape == expected.shape, "\(type(of: layer))")
      expectClose(output, to: expected, "\(type(of: layer))")
      #expect(layer.namedTensors().isEmpty)
    }
    let sequence = gridValues([2, 3, 8], seed: 5)
    expectClose(
      MaxPool1d(kernel: 3, stride: 2, padding: 1)(sequence),
      to: maxPool1d(sequence, kernel: 3, stride: 2, padding: 1))
    expectClose(AvgPool1d(kernel: 2)(sequence), to: avgPool1d(sequence, kernel: 2))
    expectClose(
      AdaptiveAvgPool1d(size: 2)(sequence), to: sequence.reshaped([2, 3, 2, 4]).mean(axis: 3))
  }

  /// One sequence without an axis for the batch is a batch of one.
  @Test(arguments: [false, true])
  func oneSequenceIsABatchOfOne(_ batchFirst: Bool) {
    let axis = batchFirst ? 0 : 1
    let (x, h, c) = (gridValues([5, 3]), gridValues([4, 2]), gridValues([4, 2], seed: 2))
    let lstm = LSTM(3, 2, layers: 2, batchFirst: batchFirst, bidirectional: true)
    let one = lstm(x, (h, c))
    let batch = lstm(x.unsqueezed(axis), (h.unsqueezed(1), c.unsqueezed(1)))
    #expect(one.output.shape == [5, 4] && one.output.floats == batch.output.floats)
    #expect(one.state.hidden.shape == [4, 2] && one.state.cell.floats == batch.state.cell.floats)
    let gru = GRU(3, 2, batchFirst: batchFirst)
    let (output, state) = gru(x)
    #expect(output.shape == [5, 2] && state.shape == [1, 2])
    #expect(output.floats == gru(x.unsqueezed(axis)).output.floats)
    let cell = LSTMCell(3, 2)
    let step = cell(x[0], (h[0], c[0]))
    #expect(step.hidden.shape == [2])
    #expect(step.cell.floats == cell(x[0...0], (h[0...0], c[0...0])).cell.floats)
  }

  /// A layer over time is its cell in a loop.
  @Test func stepsAreWhatTheLayerDoes() {
    let (layer, cell) = (LSTM(3, 4), LSTMCell(3, 4))
    for ((name, weight), target) in matched(layer.namedTensors(), cell.namedTensors()) {
      #expect(name == target.name + "_l0")
      noGrad { target.tensor.assign(weight) }
    }
    let x = gridValues([5, 2, 3])
    let (output, (h, c)) = layer(x)
    output.sum().backward()
    var state: (hidden: Tensor, cell: Tensor)? = nil
    var sum = Tensor(0.0)
    for t in 0..<5 {
      let next = cell(x[t], state)
      expectClose(next.hidden, to: output[t])
      sum = sum + next.hidden.sum()
      state = next
    }
    sum.backward()
    expectClose(state?.hidden ?? .zeros([]), to: h[0])
    expectClose(state?.cell ?? .zeros([]), to: c[0])
    for (mine, theirs) in matched(layer.parameters(), cell.parameters()) {
      #expect(mine.grad != nil)
      expectClose(mine.grad ?? .zeros([]), to: theirs.grad ?? .zeros([]))
    }
  }

  /// Gradients of every state, and through the last states alone.
  @Test func gradientsOfStatesAreSlopes() {
    let lstm = LSTM(2, 3, bidirectional: true, generator: Generator(seed: 2))
    let inputs = [
      gridValues([4, 2, 2]), gridValues([2, 2, 3], seed: 2), gridValues([2, 2, 3], seed: 3),
    ]
    checkGradients(at: inputs) { lstm($0[0], ($0[1], $0[2])).state.cell }
    checkGradients(at: inputs) { lstm($0[0], ($0[1], $0[2])).state.hidden }
    let gru = GRU(2, 3, layers: 2, generator: Generator(seed: 2))
    checkGradients(at: Array(inputs[0...1])) { gru($0[0], $0[1]).state }
    let rnn = RNNCell(2, 3, generator: Generator(seed: 2))
    checkGradients(at: [inputs[0][0], inputs[1][0]]) { rnn($0[0], $0[1]) }
  }

  @Test func frozenRecurrentWeightsGetNoGradient() {
    let layer = GRU(2, 3)
    let x = gridValues([4, 2, 2]).asParameter()
    layer.freeze()
    layer(x).output.sum().backward()
    let gradient = x.grad?.floats
    #expect(layer.namedTensors().allSatisfy { $0.tensor.grad == nil })
    layer.unfreeze()
    x.grad = nil
    layer(x).output.sum().backward()
    #expect(x.grad?.floats == gradient)
    #expect(layer.parameters().allSatisfy { $0.grad != nil })
  }

  @Test func halfInputsComputeInFloat32() {
    let layer = GRU(3, 4)
    let x = gridValues([3, 2, 3])
    let (output, _) = layer(x.converted(to: .float16))
    expectClose(output.converted(to: .float32), to: layer(x).output, within: .float16)
  }

  @Test func masksOfAttentionAreCombined() {
    let layer = MultiHeadAttention(4, heads: 2, batchFirst: true, generator: Generator(seed: 1))
    let x = gridValues([2, 5, 4])
    let hidden = (Tensor.ones([5, 5]).triu(diagonal: 1) .== 1)
    expectClose(layer(x, x, x, attentionMask: hidden), to: layer(x, x, x, isCausal: true))
    let floats = `where`(hidden, .full([], -.infinity), .zeros([]))
    expectClose(layer(x, x, x, attentionMask: floats), to: layer(x, x, x, isCausal: true))
    let perHead = floats.expanded(to: [4, 5, 5])
    expectClose(layer(x, x, x, attentionMask: perHead), to: layer(x, x, x, isCausal: true))
    // Hiding the last key from all is leaving it away.
    let padding = Tensor([false, false, false, false, true]).expanded(to: [2, 5])
    let short = x.sliced(to: 4, axis: 1)
    let expected = layer(x, short, short, attentionMask: floats.sliced(to: 4, axis: 1))
    expectClose(layer(x, x, x, keyPaddingMask: padding, attentionMask: floats), to: expected)
    expectClose(layer(x, x, x, keyPaddingMask: padding, attentionMask: hidden), to: expected)
    // Self-attention and cross-attention of equal inputs are projected in different ways.
    expectClose(layer(x, x, x), to: layer(x, x.cloned(), x))
  }
}
