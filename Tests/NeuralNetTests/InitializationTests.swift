import NeuralNet
import TensorCore
import TestSupport
import Testing

/// Statistics of first values; the numbers of samples make chance deviations of four standard
/// errors smaller than the tolerances.
@Suite struct InitializationTests {
  private let generator = Generator(seed: 4)

  /// Checks that values fill ±`bound` evenly.
  private func expectUniform(
    _ tensor: Tensor, within bound: Double, _ what: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let values = tensor.floats.map(Double.init)
    // The extremes of n uniform values are about 1 / n from the ends.
    let reach = bound * (1 - 20 / Double(values.count))
    #expect(
      values.allSatisfy { abs($0) <= bound * (1 + 1e-6) } && (values.max() ?? 0) > reach
        && (values.min() ?? 0) < -reach,
      "\(what): \(values.min() ?? 0) ... \(values.max() ?? 0) instead of ±\(bound)",
      sourceLocation: sourceLocation)
    expectVariance(tensor, bound * bound / 3, what, sourceLocation: sourceLocation)
  }

  /// Checks mean and variance within five standard errors, or a little more where the kurtosis is
  /// below the normal one.
  private func expectVariance(
    _ tensor: Tensor, _ variance: Double, mean: Double = 0, _ what: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let values = tensor.floats.map(Double.init)
    let count = Double(values.count)
    let found = values.reduce(0, +) / count
    let spread = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    #expect(
      abs(found - mean) < 5 * (variance / count).squareRoot(), "\(what): mean \(found)",
      sourceLocation: sourceLocation)
    #expect(
      abs(spread / variance - 1) < 5 * (2 / count).squareRoot(),
      "\(what): variance \(spread) instead of \(variance)", sourceLocation: sourceLocation)
  }

  @Test func boundsAndDeviationsFollowTheFans() {
    let weight = Tensor.zeros([60, 20, 3, 3])  // fans 180 and 540
    Initialization.kaimingUniform(weight, generator: generator)
    expectUniform(weight, within: (6.0 / 180).squareRoot(), "kaimingUniform")
    Initialization.kaimingUniform(
      weight, fan: .out, for: .leakyRelu(negativeSlope: 2), generator: generator)
    expectUniform(weight, within: (6.0 / 5 / 540).squareRoot(), "kaimingUniform of outputs")
    Initialization.kaimingNormal(weight, for: .tanh, generator: generator)
    expectVariance(weight, 25.0 / 9 / 180, "kaimingNormal")
    Initialization.xavierUniform(weight, generator: generator)
    expectUniform(weight, within: (6.0 / 720).squareRoot(), "xavierUniform")
    Initialization.xavierNormal(
      weight, gain: Initialization.Nonlinearity.selu.gain, generator: generator)
    expectVariance(weight, 0.75 * 0.75 * 2 / 720, "xavierNormal")
    #expect(Initialization.Nonlinearity.relu.gain == Float(2).squareRoot())
    #expect(Initialization.Nonlinearity.linear.gain == 1)
  }

  @Test func plainDistributions() {
    let tensor = Tensor.zeros([100, 90])
    Initialization.constant(tensor, 3)
    #expect(tensor.floats.allSatisfy { $0 == 3 })
    Initialization.uniform(tensor, in: -2...2, generator: generator)
    expectUniform(tensor, within: 2)
    Initialization.normal(tensor, mean: 5, standardDeviation: 3, generator: generator)
    expectVariance(tensor, 9, mean: 5)
  }

  @Test func truncatedNormalValuesStayInTheirRange() {
    let tensor = Tensor.zeros([100, 100])
    Initialization.truncatedNormal(tensor, generator: generator)
    #expect(tensor.floats.allSatisfy { abs($0) <= 2 } && tensor.floats.contains { abs($0) > 1.9 })
    // 1 - 2 * 2 phi(2) / (Phi(2) - Phi(-2))
    expectVariance(tensor, 0.7737)
    Initialization.truncatedNormal(
      tensor, mean: 1, standardDeviation: 0.5, in: 1...1.5, generator: generator)
    #expect(tensor.floats.allSatisfy { $0 >= 1 && $0 <= 1.5 })
    // The mean of a half normal distribution cut at one deviation: (phi(0) - phi(1)) / 0.3413 = 0.4598.
    let mean = tensor.mean().item()
    #expect(abs(mean - (1 + 0.5 * 0.4598)) < 0.01, "\(mean)")
  }

  @Test(arguments: [[6, 20], [20, 6], [5, 2, 3]])
  func orthogonalRowsOrColumns(shape: [Int]) {
    let weight = Tensor.zeros(Shape(shape))
    Initialization.orthogonal(weight, gain: 2, generator: generator)
    let matrix = weight.reshaped([shape[0], -1])
    let product =
      shape[0] <= matrix.shape[1]
      ? matmul(matrix, matrix.transposed()) : matmul(matrix.transposed(), matrix)
    expectClose(product, to: .eye(product.shape[0]) * 4)
  }

  @Test func parametersCanBeInitializedAnew() {
    let model = Sequential(Linear(30, 20), ReLU(), Linear(20, 4))
    model.apply {
      if let layer = $0 as? Linear {
        Initialization.constant(layer.weight, 2)
        if let bias = layer.bias { Initialization.constant(bias, 1) }
      }
    }
    #expect(model.parameters().map { $0.floats[0] } == [2, 1, 2, 1])
    #expect(model.parameters().allSatisfy { $0.requiresGrad })
  }

  /// What PyTorch's layers start with.
  @Test func defaultsOfLayersWithUniformWeights() {
    let layers: [(Module, fan: Double)] = [
      (Linear(40, 500, generator: generator), 40),
      (Bilinear(10, 40, 500, generator: generator), 10),
      (Conv1d(8, 400, kernel: 5, groups: 2, generator: generator), 20),
      (Conv2d(8, 400, kernel: (5, 2), groups: 2, generator: generator), 40),
      (ConvTranspose2d(400, 800, kernel: 2, groups: 4, generator: generator), 800),
      (RNN(30, 200, layers: 2, bidirectional: true, generator: generator), 200),
      (LSTM(30, 100, generator: generator), 100), (GRU(30, 120, generator: generator), 120),
      (LSTMCell(30, 100, generator: generator), 100),
    ]
    for (layer, fan) in layers {
      for (name, tensor) in layer.namedTensors() {
        #expect(tensor.requiresGrad)
        expectUniform(tensor, within: 1 / fan.squareRoot(), "\(type(of: layer)).\(name)")
      }
    }
  }

  @Test func defaultsOfOtherLayers() throws {
    let embedding = Embedding(200, 50, paddingIndex: -1, generator: generator)
    expectVariance(embedding.weight.sliced(to: 199), 1)
    #expect(embedding.weight[199].floats.allSatisfy { $0 == 0 } && embedding.weight.requiresGrad)

    let attention = MultiHeadAttention(60, heads: 3, generator: generator)
    expectUniform(try #require(attention.inProjWeight), within: (6.0 / 240).squareRoot())
    expectUniform(attention.outProj.weight, within: 1 / 60.0.squareRoot())
    #expect(attention.inProjBias?.floats.allSatisfy { $0 == 0 } == true)
    #expect(attention.outProj.bias?.floats.allSatisfy { $0 == 0 } == true)
    let other = MultiHeadAttention(60, heads: 3, keyFeatures: 40, generator: generator)
    expectUniform(try #require(other.kProjWeight), within: (6.0 / 100).squareRoot())

    for layer in [BatchNorm1d(3), LayerNorm(3), GroupNorm(groups: 1, 3), BatchNorm2d(3)] as [Module]
    {
      #expect(layer.parameters().map(\.floats) == [[1, 1, 1], [0, 0, 0]])
    }
    #expect(RMSNorm([2, 2]).weight?.floats == [1, 1, 1, 1])
    #expect(PReLU(2).weight.floats == [0.25, 0.25])
    #expect(LayerNorm(3, affine: false).parameters().isEmpty)
    #expect(LayerNorm(3, bias: false).parameters().count == 1)
    let norm = BatchNorm1d(2)
    #expect(norm.runningMean?.floats == [0, 0] && norm.runningVar?.floats == [1, 1])
    #expect(norm.numBatchesTracked?.dtype == .int64 && norm.numBatchesTracked?.shape == [])
  }
}
