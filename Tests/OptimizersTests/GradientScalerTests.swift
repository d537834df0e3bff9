import Diagnostics
import Optimizers
import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct GradientScalerTests {
  private func leaf(_ values: [Float], _ dtype: DType = .float32) -> Tensor {
    let tensor = Tensor(values).converted(to: dtype)
    tensor.requiresGrad = true
    return tensor
  }

  /// Scripted overflows: the scale, the weights, and the norms before clipping are PyTorch's.
  @Test func followsPyTorch() throws {
    let cases = try Fixture("precision").cases(of: "gradScaler")
    #expect(cases.count == 5)
    for example in cases {
      let (scales, path) = (try example.output(1).floats, try example.output())
      let (gradients, norms) = (try example.requiredTensor("gradients"), example.tensor("norms"))
      let weights = try example.inputs()[0]
      weights.requiresGrad = true
      let optimizer = SGD([weights], learningRate: 0.1, momentum: 0.9)
      func number(_ name: String) throws -> Float { Float(try example.number(name)) }
      let scaler = GradientScaler(
        initialScale: try number("initialScale"), growthFactor: try number("growthFactor"),
        backoffFactor: try number("backoffFactor"),
        growthInterval: try #require(try example.integer("growthInterval")))
      let maximum = try number("maximum")
      var skipped = 0
      for step in scales.indices {
        optimizer.zeroGrad()
        scaler.scale((weights * gradients[step]).sum()).backward()
        if maximum > 0 {
          scaler.unscale(optimizer)
          let norm = clipGradientNorm([weights], maximum: maximum)
          expectClose([norm.isFinite ? norm : -1], to: [norms?[step].item() ?? 0])
        }
        let before = weights.floats
        let isTaken = scaler.step(optimizer)
        skipped += isTaken ? 0 : 1
        #expect(isTaken || weights.floats == before, "a step that is left out changes nothing")
        try scaler.update()
        #expect(scaler.lossScale == scales[step], "\(example), step \(step)")
        expectClose(weights, to: path[step], "\(example), step \(step)")
      }
      #expect(scaler.skippedSteps == skipped && skipped >= 2)
    }
  }

  /// The scale is a power of two: what trains in Float32 has the same bits with it and without.
  @Test(arguments: [true, false])
  func float32GradientsKeepTheirBits(_ clips: Bool) throws {
    let x = gridValues([16, 5], seed: 1)
    func train(_ scaler: GradientScaler) throws -> [Float] {
      let weight = gridValues([3, 5], seed: 2)
      weight.requiresGrad = true
      let optimizer = AdamW([weight], learningRate: 0.05)
      for _ in 0..<20 {
        optimizer.zeroGrad()
        scaler.scale(tanh(linear(x, weight)).squared().mean()).backward()
        if clips {
          scaler.unscale(optimizer)
          clipGradientNorm([weight], maximum: 0.01)
        }
        scaler.step(optimizer)
        try scaler.update()
      }
      return weight.floats
    }
    let scaled = try train(GradientScaler(growthInterval: 7))
    #expect(scaled == (try train(GradientScaler(isEnabled: false))))
  }

  /// Gradients of 2^-30, 0 in Float16, move a Float16 parameter by its master.
  @Test func smallGradientsOfHalvesSurvive() throws {
    let weight = leaf([0], .float16)
    func loss() -> Tensor { weight.converted(to: .float32).sum() * 0x1p-30 }
    loss().backward()
    #expect(weight.grad?.floats == [0], "without a scale it is lost")
    weight.grad = nil
    let optimizer = SGD([weight], learningRate: 1)
    let scaler = GradientScaler()
    scaler.scale(loss()).backward()
    scaler.unscale(optimizer)
    #expect(gradientNorm([weight]) == 0x1p-30)
    #expect(gradientNorm([weight], order: 1) == 0x1p-30)
    #expect(gradientNorm([weight], order: .infinity) == 0x1p-30)
    #expect(clipGradientNorm([weight], maximum: 0x1p-31) == 0x1p-30)
    scaler.step(optimizer)
    // PyTorch's factor has 1e-6 added to the norm.
    let expected = -Double(0x1p-31) * Double(0x1p-30) / (Double(0x1p-30) + 1e-6)
    expectClose(
      optimizer.state.tensors["0.master"]?.floats ?? [], to: [expected],
      within: Tolerance(relative: 1e-6, absolute: 0))
  }

  @Test func halvesAreClippedByValue() throws {
    let weight = leaf([0, 0], .float16)
    let optimizer = SGD([weight], learningRate: 1)
    let scaler = GradientScaler(initialScale: 256)
    let slopes = Tensor([0x1p-20, -3] as [Float])
    scaler.scale((weight.converted(to: .float32) * slopes).sum()).backward()
    scaler.unscale(optimizer)
    clipGradientValues([weight], maximum: 0.5)
    scaler.step(optimizer)
    #expect(optimizer.state.tensors["0.master"]?.floats == [-0x1p-20, 0.5])
  }

  /// Several passes make a step; an overflow in any of them leaves it out.
  @Test func passesAddUp() throws {
    let weight = leaf([1, 1])
    let optimizer = SGD([weight], learningRate: 0.5)
    let scaler = GradientScaler(initialScale: 1024)
    for factor: Float in [1, 1e38] {
      optimizer.zeroGrad()
      for _ in 0..<2 { scaler.scale((weight * factor).sum()).backward() }
      scaler.step(optimizer)
      try scaler.update()
    }
    #expect(weight.floats == [0, 0] && scaler.skippedSteps == 1 && scaler.lossScale == 512)
  }

  /// One scale for two optimisers: an overflow of one lowers it, and leaves out its own step.
  @Test func optimizersShareAScale() throws {
    let (a, b) = (leaf([1]), leaf([1]))
    let optimizers = [SGD([a], learningRate: 1), SGD([b], learningRate: 1)]
    let scaler = GradientScaler(initialScale: 4)
    scaler.scale((a * 1e38 + b * 0.25).sum()).backward()
    #expect(optimizers.map { scaler.step($0) } == [false, true])
    try scaler.update()
    #expect(a.floats == [1] && b.floats == [0.75])
    #expect(scaler.lossScale == 2 && scaler.skippedSteps == 1)
  }

  @Test(arguments: [1, 15, 16, 17, 100_003], [DType.float16, .float32])
  func everyPlaceIsLookedAt(_ count: Int, _ dtype: DType) {
    for place in [0, count / 2, count - 1] {
      for value: Float in [.infinity, -.infinity, .nan] {
        let weight = Tensor.zeros([count], dtype)
        weight.requiresGrad = true
        let optimizer = SGD([weight], learningRate: 1)
        var slopes = [Float](repeating: dtype == .float16 ? 65504 : 3e38, count: count)
        weight.grad = Tensor(slopes).converted(to: dtype)
        #expect(GradientScaler(initialScale: 1).step(optimizer))
        slopes[place] = value
        weight.grad = Tensor(slopes).converted(to: dtype)
        #expect(!GradientScaler(initialScale: 1).step(optimizer))
      }
    }
  }

  /// The scale falls to 1 and no further: then the error names the parameter.
  @Test func aCollapseNamesTheParameter() throws {
    let (fine, broken) = (leaf([1]), leaf([1, 1]))
    let optimizer = AdamW([fine, broken])
    let scaler = GradientScaler(
      initialScale: 4, naming: [("head.bias", fine), ("head.weight", broken)])
    func overflow() throws {
      optimizer.zeroGrad()
      scaler.scale((fine + (broken * .infinity).sum()).sum()).backward()
      scaler.step(optimizer)
      try scaler.update()
    }
    try overflow()
    try overflow()
    #expect(scaler.lossScale == 1)
    let error = #expect(throws: GradientScalerError.self) { try overflow() }
    #expect(error == .collapsed(parameter: "head.weight", skippedSteps: 3))
    #expect(error?.exitCode == .nonFinite)
    #expect(error?.description.hasPrefix("the gradient of head.weight is not finite") == true)
    #expect(fine.floats == [1])
  }

  @Test func aRestoredScalerContinues() throws {
    let weight = leaf([1])
    let optimizer = SGD([weight], learningRate: 0)
    func steps(_ scaler: GradientScaler, _ factors: [Float]) throws {
      for factor in factors {
        optimizer.zeroGrad()
        scaler.scale((weight * factor).sum()).backward()
        scaler.step(optimizer)
        try scaler.update()
      }
    }
    let first = GradientScaler(growthInterval: 3)
    try steps(first, [1, 3e38, 1, 1])
    #expect(first.state == ["scale": 32768, "growth_tracker": 2, "skipped_steps": 1])
    let second = GradientScaler(growthInterval: 3)
    try second.load(state: first.state)
    try steps(second, [1])
    #expect(second.state == ["scale": 65536, "growth_tracker": 0, "skipped_steps": 1])
    for (key, value) in [("scale", 3.0), ("scale", 0.5), ("growth_tracker", -1), ("other", 1)] {
      var state = first.state
      state[key] = value
      #expect(throws: OptimizerStateError.self) { try second.load(state: state) }
    }
    #expect(second.lossScale == 65536, "nothing is changed")
  }

  /// A weight, what trains it, and a loss of it.
  private struct Setting {
    let weight: Tensor
    let optimizer: SGD
    let scaler = GradientScaler()

    /// With a scaled pass behind it, unless `isScaled` is false.
    init(_ dtype: DType = .float32, isScaled: Bool = true) {
      weight = GradientScalerTests().leaf([1], dtype)
      optimizer = SGD([weight], learningRate: 1)
      if isScaled { scaler.scale(loss).backward() }
    }

    var loss: Tensor { (weight * 2).converted(to: .float32).sum() }
  }

  private static let misuses: [Misuse] = [
    Misuse(
      "GradientScaler.step: the gradient of parameter 0 of this SGD is that of a loss scaled by 1.0"
    ) {
      let it = Setting(isScaled: false)
      it.loss.backward()
      it.scaler.step(it.optimizer)
    },
    Misuse("GradientScaler.step: no parameter of this SGD has a gradient") {
      let it = Setting(isScaled: false)
      it.scaler.step(it.optimizer)
    },
    Misuse("GradientScaler.unscale: a second time for this SGD since update()") {
      let it = Setting()
      it.scaler.unscale(it.optimizer)
      it.scaler.unscale(it.optimizer)
    },
    Misuse("GradientScaler.unscale: after step() for this SGD since update()") {
      let it = Setting()
      it.scaler.step(it.optimizer)
      it.scaler.unscale(it.optimizer)
    },
    Misuse("GradientScaler.step: a second time for this SGD since update()") {
      let it = Setting()
      it.scaler.step(it.optimizer)
      it.scaler.step(it.optimizer)
    },
    Misuse("GradientScaler.update: no step since the last update()") {
      try GradientScaler().update()
    },
    Misuse("clipGradientNorm: the gradients are those of a loss scaled by 65536.0; call unscale") {
      clipGradientNorm([Setting().weight], maximum: 1)
    },
    Misuse(
      "Optimizer.step: the gradients are those of a loss scaled by 65536.0; call step(optimizer)"
    ) { Setting().optimizer.step() },
    Misuse("backward: a loss scaled by 1.0 would add to gradients of one scaled by 65536.0") {
      Setting().loss.backward()
    },
    Misuse("backward: a pass would add to gradients that a GradientScaler has unscaled") {
      let it = Setting(.float16)
      it.scaler.step(it.optimizer)
      try it.scaler.update()
      it.scaler.scale(it.loss).backward()
    },
    Misuse(
      "GradientScaler.step: the gradient of parameter 0 of this SGD was unscaled in an earlier"
    ) {
      let it = Setting(.float16)
      it.scaler.step(it.optimizer)
      try it.scaler.update()
      it.scaler.step(it.optimizer)
    },
    Misuse("GradientScaler.scale: a loss of float16; compute it in float32") {
      let it = Setting(isScaled: false)
      _ = it.scaler.scale(it.loss.converted(to: .float16))
    },
    Misuse("GradientScaler: initial scale 1000.0, growth factor 2.0") {
      _ = GradientScaler(initialScale: 1000)
    },
    Misuse("GradientScaler: growth interval 0; it must be positive") {
      _ = GradientScaler(growthInterval: 0)
    },
    Misuse("gradientNorm: the gradients are those of a loss scaled by 65536.0") {
      _ = gradientNorm([Setting().weight])
    },
  ]

  @Test(arguments: misuses.indices) func misuseStops(_ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in try Self.misuses[index].run() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
