/// Gradients of several inputs that one computation gives: the first edge that asks has them
/// computed, the others find theirs.
final class JointGradient {
  private let compute: (_ gradient: Tensor) -> [Tensor?]
  private var source: Tensor?
  private var shares: [Tensor?] = []

  /// `compute` returns a share for every edge that will ask, at the edge's index.
  init(_ compute: @escaping (_ gradient: Tensor) -> [Tensor?]) { self.compute = compute }

  /// The share at `index`; each is handed out once.
  func share(_ index: Int, of gradient: Tensor) -> Tensor {
    if source !== gradient || shares[index] == nil {
      shares = compute(gradient)
      source = gradient
    }
    guard let share = shares[index] else { return Tensor.zeros([]) }
    shares[index] = nil
    if shares.allSatisfy({ $0 == nil }) {
      shares = []
      source = nil
    }
    return share
  }
}
