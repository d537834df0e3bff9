import Elements
import TensorCore
import Testing
import TestSupport

private struct View: CustomTestStringConvertible {
  let testDescription: String
  let repeatsElements: Bool
  let make: @Sendable (Tensor) -> Tensor

  init(
    _ name: String, repeatsElements: Bool = false, _ make: @escaping @Sendable (Tensor) -> Tensor
  ) {
    testDescription = name
    self.repeatsElements = repeatsElements
    self.make = make
  }
}

/// Of a tensor of shape [4, 6].
private let views: [View] = [
  .init("reshaped") { $0.reshaped([2, 2, 3, 2]) },
  .init("reshaped, strided") { $0[.every(2), ..<4].reshaped([2, 2, 1, 2]) },
  .init("reshaped, transposed") { $0.transposed().reshaped([2, 3, 4]) },
  .init("reshaped, broadcast", repeatsElements: true) {
    $0.unsqueezed(0).expanded(to: [3, 4, 6]).reshaped([3, 2, 2, 6])
  },
  .init("viewed") { $0.viewed(as: [24]) },
  .init("flattened") { $0.unsqueezed(1).flattened(from: 1) },
  .init("transposed") { $0.transposed() },
  .init("permuted") { $0.permuted([1, 0]) },
  .init("movingAxis") { $0.movingAxis(0, to: 1) },
  .init("expanded", repeatsElements: true) { $0[..<1].expanded(to: [3, 6]) },
  .init("squeezed") { $0[..<1].squeezed() },
  .init("unsqueezed") { $0.unsqueezed(1) },
  .init("flipped") { $0.flipped(axes: [0, 1]) },
  .init("diagonal") { $0.diagonal(offset: -1) },
  .init("unfolded", repeatsElements: true) { $0.unfolded(axis: 1, size: 3) },
  .init("subscript") { $0[1..., .newAxis, .every(-2)] },
  .init("selected") { $0.selected(1, axis: 0) },
  .init("sliced") { $0.sliced(by: -1) },
  .init("split") { $0.split(sizes: [1, 5], axis: 1)[1] },
  .init("chunked") { $0.chunked(3)[1] },
  .init("unstacked") { $0.unstacked(axis: 1)[2] },
  .init("contiguous") { $0.contiguous() },
  .init("detach") { $0.detached() },
]

@Suite(.serialized) struct ViewTests {
  @Test(arguments: views) private func sharesStorageVersionAndChanges(_ view: View) {
    let base = Tensor((0..<24).map { Float($0) }, shape: [4, 6])
    let part = view.make(base)
    #expect(part.storage === base.storage)
    let version = base.storage.version
    base.detached().fill(7)
    #expect(part.floats.allSatisfy { $0 == 7 })
    #expect(part.storage.version == version + 1)
    guard !view.repeatsElements else { return }
    let values = (0..<part.count).map { Float($0) }
    view.make(base).assign(Tensor(values, shape: part.shape))
    #expect(base.storage.version == version + 2)
    #expect(part.floats == values)
    #expect(base.floats.count { $0 == 7 } >= 24 - part.count, "the others stay")
  }

  @Test func allocateNothing() async {
    await #expect(processExitsWith: .success) {
      let base = Tensor.zeros([4, 6])
      base.requiresGrad = true
      let before = MemoryPool.statistics
      for view in views {
        let part = view.make(base)
        let used = MemoryPool.statistics
        #expect(part.requiresGrad || view.testDescription == "detach")
        #expect(used.usedBytes == before.usedBytes, "\(view.testDescription)")
        #expect(used.peakUsedBytes == before.peakUsedBytes, "\(view.testDescription)")
      }
    }
  }

  /// A view exactly where PyTorch's rule says so, with the values of a copy.
  @Test(arguments: [
    ([4, 6], [6, 1], [24], true), ([4, 6], [12, 2], [24], true), ([4, 6], [1, 4], [24], false),
    ([4, 6], [1, 4], [4, 2, 3], true), ([4, 6], [1, 4], [2, 2, 6], true),
    ([4, 6], [8, 1], [24], false), ([4, 6], [8, 1], [4, 3, 2], true),
    ([4, 6], [8, 1], [2, 12], false), ([2, 3, 4], [24, 4, 1], [2, 12], true),
    ([2, 3, 4], [24, 4, 1], [6, 4], false), ([2, 3, 4], [12, 4, 1], [6, 4], true),
    ([4, 6], [-6, -1], [24], true), ([4, 6], [6, -1], [24], false), ([4, 6], [0, 0], [24], true),
    ([4, 6], [0, 1], [2, 2, 6], true), ([4, 6], [0, 1], [24], false),
    ([2, 1, 3], [3, 99, 1], [6], true), ([2, 1, 3], [3, 99, 1], [1, 6, 1], true),
    ([0, 3], [7, 7], [3, 0], true), ([1], [9], [], true), ([], [], [1, 1], true),
  ])
  func reshapesWithoutACopyWhereStridesCan(
    _ shape: [Int], _ strides: [Int], _ new: [Int], _ isView: Bool
  ) {
    let buffer = Tensor((0..<200).map { Float($0) })
    let tensor = buffer.alias(shape: Shape(shape), strides: Shape(strides), offset: 60)
    let result = tensor.reshaped(Shape(new))
    #expect((result.storage === buffer.storage) == isView)
    #expect(result.shape == Shape(new) && result.floats == tensor.floats)
  }

  /// 50 slices of one tensor: their gradients go into one buffer that is cleared once.
  @Test func gradientsOfManySlicesShareOneBuffer() async {
    await #expect(processExitsWith: .success) {
      let steps = 50
      let x = Tensor.ones([steps, 1000])
      x.requiresGrad = true
      func pass() { (0..<steps).map { x[$0].sum() }.reduce(Tensor(0 as Float), +).backward() }
      pass()
      x.grad = nil
      let before = MemoryPool.statistics.usedBytes
      let loss = (0..<steps).map { x[$0].sum() }.reduce(Tensor(0 as Float), +)
      let peak = MemoryPool.statistics.peakUsedBytes
      loss.backward()
      #expect(x.grad?.floats.allSatisfy { $0 == 1 } == true)
      let whole = steps * 1000 * 4
      let used = MemoryPool.statistics
      #expect(used.usedBytes - before < 2 * whole)
      #expect(used.peakUsedBytes <= max(peak, before + 2 * whole))
      let version = x.grad?.storage.version ?? 0
      #expect(version <= UInt32(steps) + 2, "one write for each slice and one to clear")
    }
  }

  @Test func slicesOfHalvesAndOfResults() {
    let x = Tensor([1, 2, 3, 4] as [Float16])
    x.requiresGrad = true
    let y = x * x
    ((y[0] + y[1...].sum()) * y[-1]).backward()
    #expect(x.grad?.dtype == .float16)
    #expect(x.grad?.floats == [32, 64, 96, 368])
  }

  @Test func clonesAreApart() {
    let x = Tensor([1, 2] as [Float])
    let y = x.cloned()
    y.fill(0)
    #expect(x.floats == [1, 2] && y.storage !== x.storage)
    #expect(x.contiguous() === x)
    #expect(x.repeated([1]).storage !== x.storage, "as in PyTorch, always a copy")
  }
}

@Suite(.serialized) struct JoiningTests {
  @Test(arguments: [
    (DType.float32, DType.float16, DType.float32), (.int64, .float16, .float16),
    (.bool, .uint8, .uint8), (.int32, .int64, .int64), (.bool, .float32, .float32),
    (.int32, .uint8, .int32), (.bool, .bool, .bool),
  ])
  func joinsTypesAsPyTorch(_ a: DType, _ b: DType, _ result: DType) {
    let (x, y) = (Tensor.ones([2], a), Tensor.zeros([1], b))
    let joined = cat([x, y])
    #expect(joined.dtype == result && joined.floats == [1, 1, 0])
    #expect(stack([x, Tensor.zeros([2], b)]).dtype == result)
  }

  @Test func gradientsPassOnlyToFloats() {
    let x = Tensor([1, 2] as [Float16])
    x.requiresGrad = true
    let y = cat([x, Tensor([3] as [Int64]), Tensor([4] as [Float])])
    #expect(y.dtype == .float32)
    (y * y).sum().backward()
    #expect(x.grad?.dtype == .float16 && x.grad?.floats == [2, 4])
  }

  @Test func splitsIntoPieces() {
    let x = Tensor((0..<7).map { Float($0) })
    #expect(x.split(size: 3).map(\.floats) == [[0, 1, 2], [3, 4, 5], [6]])
    #expect(x.chunked(3).map(\.count) == [3, 3, 1])
    #expect(x.chunked(4).map(\.count) == [2, 2, 2, 1])
    #expect(Tensor.zeros([4]).chunked(3).map(\.count) == [2, 2], "fewer than asked for")
    #expect(Tensor.zeros([0]).split(size: 2).map(\.shape) == [[0]])
    #expect(Tensor.zeros([2, 3]).unstacked(axis: 1).map(\.shape) == [[2], [2], [2]])
  }

  @Test func rollsInRowMajorOrder() {
    let x = Tensor((0..<6).map { Float($0) }, shape: [2, 3])
    #expect(x.rolled(by: 1).floats == [5, 0, 1, 2, 3, 4])
    #expect(x.rolled(by: [1, 1], axes: [1, 1]).floats == [1, 2, 0, 4, 5, 3], "shifts add up")
    #expect(Tensor.zeros([0, 3]).rolled(by: [1], axes: [0]).shape == [0, 3])
  }
}

@Suite(.serialized) struct IndexingTests {
  /// Against plain loops, over sizes that are split between threads and sizes that are not.
  @Test(arguments: [(1, 1), (3, 7), (5, 64), (33, 130), (300, 768), (2000, 3)])
  func embeddingIsRowsAndItsGradientTheirSum(_ count: Int, _ width: Int) {
    let rows = 11
    let weight = gridValues([rows, width])
    let indices = Tensor((0..<count).map { Int64($0 * $0 % rows) })
    let cotangent = gridValues([count, width], seed: 2)
    let (w, i, c) = (weight.floats, indices.array(of: Int64.self).map(Int.init), cotangent.floats)
    var sums = [Float](repeating: 0, count: rows * width)
    for k in 0..<count { for j in 0..<width { sums[i[k] * width + j] += c[k * width + j] } }
    weight.requiresGrad = true
    for threads in [1, 2, 3] {
      weight.grad = nil
      withThreads(threads) {
        let y = embedding(indices, weight)
        #expect(y.floats == i.flatMap { Array(w[$0 * width..<($0 + 1) * width]) })
        y.backward(gradient: cotangent)
      }
      #expect(weight.grad?.floats == sums, "summed in order, whatever the number of threads")
    }
  }

  @Test func oneHotMarksClasses() {
    let y = oneHot(Tensor([[2], [0]] as [[Int32]]), classes: 3)
    #expect(y.shape == [2, 1, 3] && y.dtype == .int64)
    #expect(y.array(of: Int64.self) == [0, 0, 1, 1, 0, 0])
  }

  @Test(arguments: [DType.int32, .int64, .uint8, .float16, .float32])
  func scattersEveryType(_ dtype: DType) {
    let x = Tensor([1, 2, 3] as [Int64]).converted(to: dtype)
    let source = Tensor([10, 20, 30] as [Int64]).converted(to: dtype)
    let indices = Tensor([2, 0, 2] as [Int32])
    let sum = x.scatterAdded(source, at: indices, axis: 0)
    #expect(sum.dtype == dtype && sum.floats == [21, 2, 43])
    let written = x.scattered(source, at: indices, axis: 0)
    #expect(written.dtype == dtype && written.floats == [20, 2, 30])
    #expect(x.floats == [1, 2, 3])
    #expect(source.gathered(at: indices, axis: 0).floats == [30, 10, 30])
  }

  @Test func fillsMasksOfEveryType() {
    for dtype in DType.allCases {
      let y = Tensor.ones([2, 2], dtype).maskedFilled(Tensor([true, false]), with: 0)
      #expect(y.dtype == dtype && y.floats == [0, 1, 0, 1])
    }
  }
}

extension ViewTests {
  /// The parts are views, and hand on gradients.
  @Test func aTensorIsASequenceOfItsParts() {
    let x = Tensor([[1, 2], [3, 4], [5, 6]] as [[Float]])
    x.requiresGrad = true
    #expect(x.map(\.floats) == [[1, 2], [3, 4], [5, 6]])
    #expect(Array(Tensor.zeros([0, 3])).isEmpty && Tensor.zeros([4]).underestimatedCount == 4)
    for (index, row) in x.enumerated() { (row * Float(index)).sum().backward() }
    #expect(x.grad?.floats == [0, 0, 1, 1, 2, 2])
    let y = Tensor.zeros([2, 2])
    for row in y { row.fill(7) }
    #expect(y.floats == [7, 7, 7, 7])
  }
}
