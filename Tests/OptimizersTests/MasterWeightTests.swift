import Optimizers
import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct MasterWeightTests {
  private static let optimizers = [
    "sgd", "adam", "adamW", "adagrad", "rmsProp", "lion", "lamb", "lars",
  ]

  private func parameter(_ values: Tensor, _ dtype: DType = .float16) -> Tensor {
    let parameter = Tensor(values.floats, shape: values.shape).converted(to: dtype)
    parameter.requiresGrad = true
    return parameter
  }

  /// The masters of Float16 parameters take the very steps that Float32 parameters take whose
  /// gradients were rounded to Float16; the parameters are the masters, rounded.
  @Test(arguments: optimizers)
  func mastersTakeTheStepsOfFloat32Parameters(_ name: String) throws {
    for example in try Fixture("optimizers").cases(of: name) {
      let starts = try example.inputs().map { $0.converted(to: .float16) }
      let halves = starts.map { parameter($0) }
      let floats = starts.map { parameter($0, .float32) }
      let (half, float) = (try makeOptimizer(example, halves), try makeOptimizer(example, floats))
      for step in 0..<20 {
        for index in halves.indices {
          let gradients = try example.requiredTensor("gradients\(index)")
          let gradient = row(step, of: gradients, halves[index].shape).converted(to: .float16)
          halves[index].grad = gradient
          floats[index].grad = gradient.converted(to: .float32)
        }
        half.step()
        float.step()
      }
      let state = half.state.tensors
      for index in halves.indices {
        let expected = floats[index].detached()
        #expect(state["\(index).master"]?.floats == expected.floats, "\(example), \(index)")
        #expect(halves[index].floats == expected.converted(to: .float16).floats)
        for (key, tensor) in float.state.tensors { #expect(state[key]?.floats == tensor.floats) }
      }
    }
  }

  /// Large parameters are updated in blocks; also those whose count is no multiple of anything.
  @Test(arguments: ["sgd/momentum", "adamW/weightDecay", "lamb/plain"])
  func largeParametersAreUpdatedLikeFloat32Ones(_ path: String) throws {
    let name = String(path.prefix { $0 != "/" })
    let example = try #require(
      try Fixture("optimizers").cases(of: name).first { $0.path == path })
    let start = gridValues([300_007], seed: 4).converted(to: .float16)
    let (half, float) = (parameter(start), parameter(start, .float32))
    let optimizers = [try makeOptimizer(example, [half]), try makeOptimizer(example, [float])]
    for seed in 5..<8 {
      half.grad = gridValues([300_007], seed: UInt64(seed)).converted(to: .float16)
      float.grad = half.grad?.converted(to: .float32)
      for optimizer in optimizers { optimizer.step() }
    }
    #expect(optimizers[0].state.tensors["0.master"]?.floats == float.floats)
    #expect(half.floats == float.detached().converted(to: .float16).floats)
  }

  /// A step of a thousandth of half a unit in the last place, a thousand times and more.
  @Test func smallUpdatesAddUp() {
    let weight = parameter(Tensor([1] as [Float]))
    let optimizer = SGD([weight], learningRate: 0x1p-22)
    weight.grad = Tensor([-1] as [Float]).converted(to: .float16)
    for _ in 0..<(1 << 11) { optimizer.step() }
    #expect(weight.floats == [1], "half a unit in the last place is rounded to even")
    optimizer.step()
    #expect(weight.floats == [1 + 0x1p-10])
  }

  @Test(arguments: ["sgd/momentum", "adamW/amsgrad"])
  func aRestoredOptimizerContinues(_ path: String) throws {
    let name = String(path.prefix { $0 != "/" })
    let example = try #require(
      try Fixture("optimizers").cases(of: name).first { $0.path == path })
    let (straight, moved) = (
      try example.inputs().map { parameter($0) }, try example.inputs().map { parameter($0) }
    )
    func steps(_ range: Range<Int>, _ optimizer: any Optimizer, _ parameters: [Tensor]) throws {
      for step in range {
        for (index, parameter) in parameters.enumerated() {
          let gradients = try example.requiredTensor("gradients\(index)")
          parameter.grad = row(step, of: gradients, parameter.shape).converted(to: .float16)
        }
        optimizer.step()
      }
    }
    try steps(0..<20, try makeOptimizer(example, straight), straight)
    let first = try makeOptimizer(example, moved)
    try steps(0..<8, first, moved)
    // The weights go through a file of their own.
    let fresh = try example.inputs().map { parameter($0 * 0) }
    let second = try makeOptimizer(example, fresh)
    try second.load(state: first.state)
    for (target, source) in zip(fresh, moved) { noGrad { target.assign(source) } }
    try steps(8..<20, second, fresh)
    #expect(straight.map(\.floats) == fresh.map(\.floats))
  }

  /// Where a parameter was changed, its master takes the new value; the others keep theirs.
  @Test func mastersFollowChangedParameters() {
    let weight = parameter(Tensor([1, 1] as [Float]))
    let optimizer = SGD([weight], learningRate: 0x1p-14)
    weight.grad = Tensor([-1, -1] as [Float]).converted(to: .float16)
    optimizer.step()
    #expect(weight.floats == [1, 1])
    noGrad { weight.assign(Tensor([1, 3] as [Float]).converted(to: .float16)) }
    weight.grad = Tensor([0, 0] as [Float]).converted(to: .float16)
    optimizer.step()
    #expect(optimizer.state.tensors["0.master"]?.floats == [1 + 0x1p-14, 3])
    #expect(weight.floats == [1, 3])
  }

  /// Parameters of both types in one optimiser; only those in Float16 have masters.
  @Test func typesMayBeMixed() {
    let (half, float) = (
      parameter(Tensor([1] as [Float])), parameter(Tensor([1] as [Float]), .float32)
    )
    let optimizer = AdamW([float, half])
    let keys = ["0.exp_avg", "0.exp_avg_sq", "1.exp_avg", "1.exp_avg_sq", "1.master"]
    #expect(optimizer.state.tensors.keys.sorted() == keys)
    for tensor in [half, float] { tensor.grad = .ones([1], tensor.dtype) }
    optimizer.step()
    #expect(half.floats == float.detached().converted(to: .float16).floats)
  }

  @Test func aStateWithoutMastersIsRefused() {
    let float = AdamW([parameter(Tensor([1] as [Float]), .float32)])
    let half = AdamW([parameter(Tensor([1] as [Float]))])
    let error = #expect(throws: OptimizerStateError.self) { try half.load(state: float.state) }
    #expect(error?.description.contains("missing: 0.master") == true)
  }

  private static let misuses: [Misuse] = [DType.float16, .float32].map { dtype in
    Misuse("SGD: parameter 0 of shape [1] was converted to \(dtype) after the optimiser was made") {
      let weight = Tensor.ones([1], dtype == .float16 ? .float32 : .float16)
      weight.requiresGrad = true
      let optimizer = SGD([weight], learningRate: 1)
      weight.change(to: dtype, named: "weight")
      weight.grad = .ones([1], weight.dtype)
      optimizer.step()
    }
  }

  @Test(arguments: misuses.indices) func misuseStops(_ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in try Self.misuses[index].run() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
