import Diagnostics

// How contributions to a gradient add up.

extension Node {
  /// Adds `share` to the sum of this pass; `isFresh` where nobody else sees it.
  func addToSum(_ share: Tensor, isFresh: Bool) {
    if let sum {
      if ownsSum {
        sum.add(inPlace: share)
      } else if isFresh {
        share.add(inPlace: sum)
        self.sum = share
        ownsSum = true
      } else {
        self.sum = sum + share
        ownsSum = true
      }
    } else {
      sum = share
      ownsSum = isFresh
    }
  }

  func apply(_ hook: GradientHook) {
    guard let gradient = sum, let replacement = hook.body(gradient) else { return }
    check(
      replacement.shape == shape,
      """
      registerHook: the hook of a tensor of shape \(shape) returned a gradient of shape \
      \(replacement.shape)
      """)
    sum = replacement
    ownsSum = false
  }
}

extension Leaf {
  /// Adds `share`; keeps it without a copy where it is `isFresh`, seen by nobody else.
  func addToGradient(_ share: Tensor, isFresh: Bool) {
    if let gradient {
      gradient.add(inPlace: share)
    } else if slot == nil, isFresh {
      gradient = share
    } else {
      let destination = slot ?? Tensor(uninitialized: shape, dtype)
      destination.assign(share)
      gradient = destination
    }
  }

  /// Lets `compute` write the share of `gradient` straight to where it belongs.
  func addToGradient(_ compute: (Tensor, Tensor, Bool) -> Void, _ share: Tensor) {
    let destination = gradient ?? slot ?? Tensor(uninitialized: shape, dtype)
    compute(share, destination, gradient != nil)
    gradient = destination
  }
}
