import ArgumentParser
import Lockstep

/// How parameters are changed: the value of `--optimizer`.
enum OptimizerName: String, ExpressibleByArgument, CaseIterable, Encodable {
  case sgd, adam, adamw

  var defaultLearningRate: Float { self == .sgd ? 0.05 : 1e-3 }
}

/// How the learning rate changes over a run: the value of `--schedule`.
enum ScheduleName: String, ExpressibleByArgument, CaseIterable, Encodable {
  case constant, cosine, step

  /// From `peak`, after `warmup` steps that lead up to it, over `steps` steps in all.
  func make(peak: Float, steps: Int, warmup: Int) -> Schedule {
    let rest = max(1, steps - warmup)
    let main: Schedule =
      switch self {
      case .constant: .constant(peak)
      case .cosine: .cosine(from: peak, to: peak / 10, over: rest)
      case .step: .multiStep(from: peak, at: [rest / 2, rest * 3 / 4])
      }
    return main.warmedUp(for: warmup)
  }
}

/// What a run does where its options say nothing: a recipe that is known to work for the model.
struct Recipe {
  /// Passes over the data; nil where `steps` counts.
  var epochs: Int? = 10
  var steps: Int?
  var globalBatch = 64
  var optimizer = OptimizerName.adamw
  var learningRate: Float = 1e-3
  var warmup = 0
  var clipNorm: Float?
  var weightDecay: Float?
  var betas = (0.9, 0.999)

  /// The recipe for `model`.
  init(for model: ModelName) {
    switch model {
    case .mlp: break
    case .lenet: epochs = 5
    case .resnet20:
      // He et al., 2015, section 4.2; the cosine schedule is newer.
      (epochs, globalBatch, optimizer, learningRate, weightDecay) = (160, 128, .sgd, 0.1, 1e-4)
    case .gpt:
      // nanoGPT's for a CPU.
      (epochs, steps, globalBatch, warmup) = (nil, 2000, 12, 100)
      (clipNorm, weightDecay, betas) = (1, 0.1, (0.9, 0.99))
    case .rnn, .lstm:
      (epochs, steps, globalBatch, learningRate, clipNorm) = (nil, 2000, 32, 2e-3, 1)
    }
  }

  /// An optimiser for `parameters`; vectors do not decay where the recipe names a weight decay.
  func makeOptimizer(_ parameters: [Tensor]) -> any Optimizer {
    switch optimizer {
    case .sgd:
      SGD(
        parameters, learningRate: learningRate, momentum: 0.9, weightDecay: weightDecay ?? 0)
    case .adam: Adam(parameters, learningRate: learningRate, betas: betas)
    case .adamw:
      if let weightDecay {
        AdamW(
          ParameterGroup.decayingMatrices(of: parameters, by: weightDecay),
          learningRate: learningRate, betas: betas)
      } else {
        AdamW(parameters, learningRate: learningRate, betas: betas)
      }
    }
  }
}
