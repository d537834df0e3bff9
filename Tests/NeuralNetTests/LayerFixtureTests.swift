import NeuralNet
import TensorCore
import TestSupport
import Testing

/// A layer made for a case, and how it is called.
private struct LayerCall {
  let model: Module
  let run: ([Tensor]) -> [Tensor]

  init(_ model: Module, _ run: @escaping ([Tensor]) -> [Tensor]) {
    self.model = model
    self.run = run
  }

  init(_ layer: some Layer) { self.init(layer) { [layer($0[0])] } }
}

/// Every layer of which there are numbers of PyTorch's: names of the state, results, gradients of
/// inputs and parameters, buffers after the call.
@Suite struct LayerFixtureTests {
  private static let table: [String: @Sendable (FixtureCase) throws -> LayerCall] = [
    "mlp": {
      let sizes = try $0.list("sizes")
      return .init(Sequential(Linear(sizes[0], sizes[1]), ReLU(), Linear(sizes[1], sizes[2])))
    },
    "Conv1d": {
      .init(
        Conv1d(
          try $0.count("inputs"), try $0.count("outputs"), kernel: try $0.list("kernel")[0],
          stride: try $0.list("stride")[0], padding: try $0.list("padding")[0],
          dilation: try $0.list("dilation")[0], groups: try $0.count("groups")))
    },
    "Conv2d": {
      .init(
        Conv2d(
          try $0.count("inputs"), try $0.count("outputs"), kernel: try $0.pair("kernel"),
          stride: try $0.pair("stride"), padding: try $0.pair("padding"),
          dilation: try $0.pair("dilation"), groups: try $0.count("groups")))
    },
    "ConvTranspose2d": {
      .init(
        ConvTranspose2d(
          try $0.count("inputs"), try $0.count("outputs"), kernel: try $0.pair("kernel"),
          stride: try $0.pair("stride"), padding: try $0.pair("padding"),
          outputPadding: try $0.pair("outputPadding"), dilation: try $0.pair("dilation"),
          groups: try $0.count("groups")))
    },
    "Bilinear": {
      let sizes = try $0.list("sizes")
      let layer = Bilinear(sizes[0], sizes[1], sizes[2])
      return .init(layer) { [layer($0[0], $0[1])] }
    },
    "Embedding": {
      let sizes = try $0.list("sizes")
      return .init(Embedding(sizes[0], sizes[1], paddingIndex: try $0.count("paddingIndex")))
    },
    "LayerNorm": { .init(LayerNorm(Shape(try $0.list("normalizedShape")))) },
    "RMSNorm": { .init(RMSNorm(Shape(try $0.list("normalizedShape")))) },
    "GroupNorm": { .init(GroupNorm(groups: try $0.count("groups"), try $0.count("features"))) },
    "PReLU": { .init(PReLU(try $0.count("features"))) },
    "batchNorm": {
      let (features, epsilon) = (try $0.count("features"), Float(try $0.number("epsilon")))
      let momentum = Float(try $0.number("momentum"))
      return $0.shape(of: "input0").count == 4
        ? .init(BatchNorm2d(features, epsilon: epsilon, momentum: momentum))
        : .init(BatchNorm1d(features, epsilon: epsilon, momentum: momentum))
    },
    "rnn": {
      let layer = RNN(
        try $0.count("inputSize"), try $0.count("hiddenSize"), layers: try $0.count("layers"),
        nonlinearity: try $0.text("nonlinearity") == "relu" ? .relu : .tanh,
        bias: try $0.flag("bias"), batchFirst: try $0.flag("batchFirst"),
        bidirectional: try $0.flag("bidirectional"))
      return .init(layer) { inputs in
        let (output, state) = layer(inputs[0], inputs.count > 1 ? inputs[1] : nil)
        return [output, state]
      }
    },
    "gru": {
      let layer = GRU(
        try $0.count("inputSize"), try $0.count("hiddenSize"), layers: try $0.count("layers"),
        bias: try $0.flag("bias"), batchFirst: try $0.flag("batchFirst"),
        bidirectional: try $0.flag("bidirectional"))
      return .init(layer) { inputs in
        let (output, state) = layer(inputs[0], inputs.count > 1 ? inputs[1] : nil)
        return [output, state]
      }
    },
    "lstm": {
      let layer = LSTM(
        try $0.count("inputSize"), try $0.count("hiddenSize"), layers: try $0.count("layers"),
        bias: try $0.flag("bias"), batchFirst: try $0.flag("batchFirst"),
        bidirectional: try $0.flag("bidirectional"))
      return .init(layer) { inputs in
        let (output, (h, c)) = layer(inputs[0], inputs.count > 1 ? (inputs[1], inputs[2]) : nil)
        return [output, h, c]
      }
    },
    "rnnCell": {
      let cell = RNNCell(try $0.count("inputSize"), try $0.count("hiddenSize"))
      return .init(cell) { [cell($0[0], $0[1])] }
    },
    "gruCell": {
      let cell = GRUCell(try $0.count("inputSize"), try $0.count("hiddenSize"))
      return .init(cell) { [cell($0[0], $0[1])] }
    },
    "lstmCell": {
      let cell = LSTMCell(try $0.count("inputSize"), try $0.count("hiddenSize"))
      return .init(cell) { inputs in
        let (h, c) = cell(inputs[0], (inputs[1], inputs[2]))
        return [h, c]
      }
    },
    "multiheadAttention": { example in
      let layer = MultiHeadAttention(
        try example.count("features"), heads: try example.count("heads"),
        bias: try example.flag("bias"), keyFeatures: try example.count("keyFeatures"),
        valueFeatures: try example.count("valueFeatures"),
        batchFirst: try example.flag("batchFirst"))
      let isCausal = try example.flag("causal")
      let keys = example.shape(of: "input1")[try example.flag("batchFirst") ? 1 : 0]
      let shown = keys - (try example.count("padding"))
      let hidden = Tensor.arange(keys) .>= Tensor([Int64(shown), Int64(keys)]).unsqueezed(1)
      return .init(layer) {
        let plain = layer($0[0], $0[1], $0[2], keyPaddingMask: hidden, isCausal: isCausal)
        let (output, weights) = layer.withWeights(
          $0[0], $0[1], $0[2], keyPaddingMask: hidden, isCausal: isCausal)
        expectClose(output, to: plain, "\(example) with weights")
        return [plain, weights]
      }
    },
    "transformerBlock": {
      .init(
        TransformerBlock(
          try $0.count("features"), heads: try $0.count("heads"), hidden: try $0.count("hidden"),
          bias: try $0.flag("bias"), isCausal: try $0.flag("causal")))
    },
  ]

  @Test func everyLayerIsPyTorchs() throws {
    let fixture = try Fixture("layers")
    #expect(fixture.operations == Set(Self.table.keys))
    for example in fixture.cases { try check(example) }
  }

  private func check(_ example: FixtureCase) throws {
    let make = try #require(Self.table[example.operation])
    let call = try make(example)
    let state = call.model.namedTensors()
    #expect(Set(state.map(\.name)) == example.keys(under: "state/"), "\(example)")
    for (name, tensor) in state {
      let stored = try example.requiredTensor("state/\(name)")
      #expect(stored.shape == tensor.shape && stored.dtype == tensor.dtype, "\(example) \(name)")
      tensor.assign(stored)
    }
    call.model.train(try example.flag("training"))
    let inputs = try example.inputs()
    for input in inputs where input.dtype.isFloatingPoint { input.requiresGrad = true }

    let outputs = call.run(inputs)
    #expect(outputs.count == example.outputCount, "\(example)")
    for (index, output) in outputs.enumerated() {
      expectClose(output, to: try example.output(index), "\(example) output \(index)")
    }
    outputs[0].backward(gradient: try example.requiredTensor("cotangent"))
    #expect(
      Set(call.model.namedParameters().map(\.name)) == example.keys(under: "gradient/"),
      "\(example)")
    for (name, tensor) in call.model.namedParameters() {
      let gradient = try #require(tensor.grad)
      expectClose(
        gradient, to: try example.requiredTensor("gradient/\(name)"),
        "\(example) gradient of \(name)")
    }
    for (index, input) in inputs.enumerated() where input.requiresGrad {
      let gradient = try #require(input.grad)
      expectClose(
        gradient, to: try example.requiredTensor("gradient\(index)"),
        "\(example) gradient of input \(index)")
    }
    #expect(
      Set(call.model.namedBuffers().map(\.name)) == example.keys(under: "after/"), "\(example)")
    for (name, buffer) in call.model.namedBuffers() {
      expectClose(buffer, to: try example.requiredTensor("after/\(name)"), "\(example) \(name)")
    }
  }
}

extension FixtureCase {
  fileprivate func count(_ name: String) throws -> Int { try #require(try integer(name)) }
  fileprivate func list(_ name: String) throws -> [Int] { try #require(try integers(name)) }
  fileprivate func pair(_ name: String) throws -> (Int, Int) {
    let list = try list(name)
    return (list[0], list[1])
  }
}
