import TensorCore
import Testing

/// Sums of no products are 0, and what is added to them stays.
@Suite struct EmptyProductTests {
  private func leaves(_ shapes: Shape...) -> [Tensor] {
    shapes.map { shape in
      let tensor = Tensor.full(shape, 3)
      tensor.requiresGrad = true
      return tensor
    }
  }

  /// Whether every leaf has a gradient of its shape, of the values given for the last.
  private func expectGradients(_ leaves: [Tensor], last: [Float] = []) {
    for leaf in leaves { #expect(leaf.grad?.shape == leaf.shape) }
    #expect(leaves.last?.grad?.floats == last)
  }

  @Test(arguments: [Shape([0]), [2, 0], [2, 4, 0], [0, 4, 0]])
  func linearGivesItsBias(_ shape: Shape) {
    let all = leaves(shape, [5, 0], [5])
    let y = linear(all[0], all[1], all[2])
    var expected = shape
    expected[shape.count - 1] = 5
    #expect(y.shape == expected && y.floats.allSatisfy { $0 == 3 })
    y.sum().backward()
    let rows = Float(expected.elementCount / 5)
    expectGradients(all, last: Array(repeating: rows, count: 5))
    let withoutBias = linear(all[0], all[1])
    #expect(withoutBias.shape == expected && withoutBias.floats.allSatisfy { $0 == 0 })
  }

  @Test func linearOfHalves() {
    let y = linear(
      .zeros([2, 3, 0], .float16), .zeros([5, 0], .float16), .full([5], 2, .float16))
    #expect(y.dtype == .float16 && y.floats == Array(repeating: 2, count: 30))
  }

  private static let products: [(a: Shape, b: Shape, result: Shape)] = [
    ([0], [0], []), ([3, 0], [0, 5], [3, 5]), ([2, 3, 0], [0, 5], [2, 3, 5]),
    ([2, 3, 0], [2, 0, 5], [2, 3, 5]), ([0], [2, 0, 5], [2, 5]), ([2, 3, 0], [0], [2, 3]),
  ]

  @Test(arguments: products)
  func matmulGivesZeros(_ a: Shape, _ b: Shape, _ result: Shape) {
    let all = leaves(a, b)
    let y = matmul(all[0], all[1])
    #expect(y.shape == result && y.floats.allSatisfy { $0 == 0 })
    y.sum().backward()
    expectGradients(all)
  }

  /// `...` stands for the axes without a letter, which broadcast.
  @Test func ellipsisStandsForTheOtherAxes() {
    let a = Tensor((0..<24).map(Float.init), shape: [2, 1, 3, 4])
    let b = Tensor((0..<40).map { Float($0 % 7) }, shape: [5, 4, 2])
    let product = matmul(a, b)
    for equation in ["...ij,...jk->...ik", "...ij,...jk"] {
      let y = einsum(equation, a, b)
      #expect(y.shape == product.shape && y.floats == product.floats, "\(equation)")
    }
    #expect(einsum("...ij,...jk->ik", a, b).floats == product.sum(axes: [0, 1]).floats)
    #expect(einsum("...i->i...", a).shape == [4, 2, 1, 3])
    #expect(einsum("i...", b).shape == [4, 2, 5] && einsum("...", b).shape == [5, 4, 2])
    #expect(einsum("ij...->j", b).floats == b.sum(axes: [0, 2]).floats)
    #expect(einsum("i,...", Tensor([2.0, 3.0]), Tensor(Float(4))).floats == [8, 12])
  }

  @Test func axesOfSizeOneBroadcast() {
    let (a, b) = (Tensor([[1.0], [2.0]]), Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    #expect(einsum("ij,ij->ij", a, b).floats == (a * b).floats)
    #expect(einsum("ij,ij->", a, b).item() == 36)
  }

  private static let equations: [(equation: String, shapes: [Shape], result: Shape)] = [
    ("ij,jk->ik", [[3, 0], [0, 5]], [3, 5]),
    ("bij,bjk->bik", [[2, 3, 0], [2, 0, 5]], [2, 3, 5]),
    ("ij->i", [[3, 0]], [3]), ("i,i->", [[0], [0]], []),
  ]

  @Test(arguments: equations)
  func einsumGivesZeros(_ equation: String, _ shapes: [Shape], _ result: Shape) {
    let all = shapes.flatMap { leaves($0) }
    let y = einsum(equation, all)
    #expect(y.shape == result && y.floats.allSatisfy { $0 == 0 })
    y.sum().backward()
    expectGradients(all)
  }
}
