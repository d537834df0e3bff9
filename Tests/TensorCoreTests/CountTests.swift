import Glibc
import TensorCore
import TestSupport
import Testing

/// The mean of very many losses: what they are divided by is counted exactly.
@Suite(.serialized) struct CountTests {
  /// More targets than a float can count, which stops at 2^24.
  private let many = 17_000_000

  @Test func crossEntropyOfManyTargets() {
    let mean = noGrad {
      crossEntropy(.zeros([many, 2]), .zeros([many], .uint8)).item()
    }
    #expect(abs(mean / log(2) - 1) < 2e-7)
  }

  @Test func negativeLogLikelihoodOfManyTargets() {
    let mean = noGrad {
      nllLoss(.full([many, 1], -0.7), .zeros([many], .uint8)).item()
    }
    #expect(abs(mean / Double(Float(0.7)) - 1) < 2e-7)
  }

  /// Equal logits: the mean is log 2 and a gradient's magnitude 1 / (2 · targets), whatever the
  /// classes weigh.
  @Test(arguments: [65_536, 1_000_003], [Float(0.1), 0.7])
  func weightsOfClasses(_ count: Int, _ weight: Float) {
    let logits = Tensor.zeros([count, 2])
    logits.requiresGrad = true
    let targets = Tensor((0..<count).map { Int32($0 % 2) })
    let weights = Tensor([weight, weight])
    let mean = crossEntropy(logits, targets, weight: weights)
    #expect(abs(mean.item() / log(2) - 1) < 2e-7, "crossEntropy: \(mean.item())")
    mean.backward()
    let slope = logits.grad.map { Double($0.floats[0]) } ?? 0
    #expect(abs(slope * -2 * Double(count) - 1) < 3e-7, "gradient of crossEntropy: \(slope)")

    let input = Tensor.full([count, 2], -0.5)
    input.requiresGrad = true
    let loss = nllLoss(input, targets, weight: weights)
    #expect(abs(loss.item() / 0.5 - 1) < 2e-7, "nllLoss: \(loss.item())")
    loss.backward()
    let share = input.grad.map { Double($0.floats[0]) } ?? 0
    #expect(abs(share * -Double(count) - 1) < 3e-7, "gradient of nllLoss: \(share)")
  }

  /// Losses of pairs, their gradients and plain means.
  @Test(arguments: [65_536, 4_194_304]) func meansOfPairs(_ count: Int) {
    let input = Tensor.full([count], 0.1)
    input.requiresGrad = true
    let loss = l1Loss(input, .zeros([count]))
    #expect(abs(loss.item() / Double(Float(0.1)) - 1) < 3e-7, "l1Loss: \(loss.item())")
    loss.backward()
    let slope = input.grad.map { Double($0.floats[count - 1]) } ?? 0
    #expect(abs(slope * Double(count) - 1) < 2e-7)
    #expect(abs(input.detached().mean().item() / Double(Float(0.1)) - 1) < 3e-7)
  }
}
