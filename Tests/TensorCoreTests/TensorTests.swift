import TensorCore
import TestSupport
import Testing

@Suite struct TensorTests {
  @Test func creation() {
    #expect(Tensor([[1, 2, 3], [4, 5, 6]] as [[Float]]).shape == [2, 3])
    #expect(Tensor([] as [[Float]]).shape == [0, 0])
    #expect(Tensor([[], []] as [[Float]]).shape == [2, 0])
    #expect(Tensor(Float(3)).shape == [] && Tensor(Float(3)).item() == 3)
    #expect(Tensor([1, 2] as [Int32]).dtype == .int32 && Tensor([1] as [Int64]).dtype == .int64)
    #expect(Tensor.full([2, 2], -1.5).floats == [-1.5, -1.5, -1.5, -1.5])
    #expect(Tensor.zeros([0, 3]).floats == [] && Tensor.ones([3]).floats == [1, 1, 1])
    #expect(Tensor.zeros([4]).count == 4 && Tensor.zeros([4, 0]).axisCount == 2)
  }

  @Test func itemOfEveryType() {
    #expect(Tensor(Float(0.5)).item() == 0.5)
    #expect(Tensor(Int32.min).item() == -2_147_483_648)
    #expect(Tensor([1 << 52] as [Int64], shape: [1, 1]).item() == 4_503_599_627_370_496)
    #expect(Tensor([1, 2, 3] as [Float]).laidOut(.flipped).sum().item() == 6)
  }

  @Test(arguments: [Layout.contiguous, .transposed, .sliced, .flipped])
  func arraysAreInRowMajorOrder(_ layout: Layout) {
    let values = (0..<24).map(Float.init)
    let tensor = Tensor(values, shape: [2, 3, 4]).laidOut(layout)
    #expect(tensor.isContiguous == (layout == .contiguous))
    #expect(tensor.floats == values)
    #expect(tensor.array(of: Int32.self) == values.map { Int32($0) })
    #expect(tensor.array(of: Int64.self) == values.map { Int64($0) })
    // The view by hand, without the library's own walk.
    let memory = tensor.storage.pointer.assumingMemoryBound(to: Float.self) + tensor.offset
    for (index, value) in values.enumerated() {
      let position = [index / 12, index / 4 % 3, index % 4]
      let place = zip(position, tensor.strides).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(memory[place] == value)
    }
  }

  @Test func conversionsRoundTowardZero() {
    let tensor = Tensor([1.9, -1.9, 0] as [Float])
    #expect(tensor.converted(to: .int32).array(of: Int32.self) == [1, -1, 0])
    #expect(tensor.converted(to: .int64).array(of: Int64.self) == [1, -1, 0])
    #expect(tensor.converted(to: .float32) === tensor)
    #expect(Tensor([3, -4] as [Int64]).converted(to: .float32).floats == [3, -4])
    #expect(Tensor([Int64.max] as [Int64]).array(of: Int64.self) == [.max])
  }

  @Test func assignmentBroadcastsAndCountsVersions() {
    let tensor = Tensor.zeros([2, 3])
    let view = tensor.transposed()
    let version = tensor.storage.version
    view.assign(Tensor([1, 2] as [Float]))
    #expect(tensor.floats == [1, 1, 1, 2, 2, 2])
    tensor.assign(Tensor([7, 8, 9] as [Float]).laidOut(.sliced))
    #expect(view.floats == [7, 7, 8, 8, 9, 9])
    tensor.fill(4)
    #expect(tensor.floats == [4, 4, 4, 4, 4, 4])
    #expect(tensor.storage.version == version + 3 && view.storage === tensor.storage)
  }

  @Test func viewsShareMemoryAndCopiesDoNot() {
    let tensor = Tensor((0..<6).map(Float.init), shape: [2, 3])
    let views = [
      tensor.transposed(), tensor.reshaped([3, 2]), tensor.flattened(), tensor.detached(),
      tensor.expanded(to: [4, 2, 3]), tensor.unsqueezed(0), tensor.unsqueezed(0).squeezed(0),
      tensor.permuted([1, 0]),
    ]
    for view in views { #expect(view.storage === tensor.storage) }
    #expect(tensor.transposed().reshaped([6]).storage !== tensor.storage)
    #expect((tensor + 0).storage !== tensor.storage)
    #expect(tensor.sum(axes: []).storage !== tensor.storage)
  }

  @Test(arguments: [
    (Tensor(Float(1.5)).description, "tensor(1.5000, shape: [], float32)"),
    (Tensor([1, -2] as [Int32]).description, "tensor([1, -2], shape: [2], int32)"),
    (
      Tensor([0, 1e-5, 123456, .nan, -.infinity] as [Float]).description,
      "tensor([0.0000, 1.0000e-05, 1.2346e+05, nan, -inf], shape: [5], float32)"
    ),
    (
      Tensor([[1, 2], [3, 4]] as [[Float]]).transposed().description,
      "tensor([[1.0000, 3.0000],\n        [2.0000, 4.0000]], shape: [2, 2], float32)"
    ),
    (
      Tensor((0..<10).map(Int64.init)).description,
      "tensor([0, 1, 2, ..., 7, 8, 9], shape: [10], int64)"
    ),
    (Tensor.zeros([2, 0]).description, "tensor([[],\n        []], shape: [2, 0], float32)"),
    (Tensor([true, false]).description, "tensor([true, false], shape: [2], bool)"),
    (Tensor(true).description, "tensor(true, shape: [], bool)"),
    (Tensor([0, 255] as [UInt8]).description, "tensor([0, 255], shape: [2], uint8)"),
    (
      Tensor([1.5, 0x1p-24, 65504, .nan] as [Float16]).description,
      "tensor([1.5000, 5.9605e-08, 65504.0000, nan], shape: [4], float16)"
    ),
    (
      Tensor.zeros([9, 1], .bool).description,
      """
      tensor([[false],
              [false],
              [false],
              ...,
              [false],
              [false],
              [false]], shape: [9, 1], bool)
      """
    ),
    (
      Tensor([.max, 16_777_217] as [Int64]).description,
      "tensor([9223372036854775807, 16777217], shape: [2], int64)"
    ),
  ])
  func descriptionShowsValuesAndShape(_ description: String, _ expected: String) {
    #expect(description == expected)
  }

  /// A scalar is reduced like a vector of one, as in PyTorch.
  @Test func scalarsHaveAnAxisToReduce() {
    for axis in [0, -1] {
      let x = Tensor(Float(3))
      x.requiresGrad = true
      for y in [
        x.sum(axis: axis), x.mean(axis: axis), x.prod(axis: axis), x.cumsum(axis: axis),
        x.norm(axis: axis), x.logSumExp(axis: axis),
      ] {
        #expect(y.shape == [] && y.floats == [3])
        x.grad = nil
        y.backward()
        #expect(x.grad?.floats == [1])
      }
      #expect(x.sum(axis: axis, keepingAxes: true).shape == [])
      #expect(x.argmax(axis: axis).item() == 0)
      #expect(x.variance(axis: axis).floats[0].isNaN)
      #expect((x .> 2).all(axis: axis).item() == 1)
    }
  }
}
