import Lockstep

final class Classifier: Module, Layer {
  let hidden: ModuleList = [Linear(64, 128), Linear(128, 64)]
  let head = Linear(64, 10)
  let dropout = Dropout(probability: 0.1)

  func forward(_ images: Tensor) -> Tensor {
    head(dropout(hidden.reduce(images.flattened(from: 1)) { x, layer in relu(layer(x)) }))
  }
}

// Kill this program at any moment and start it again: it goes on as the same run, with the same bits.
// The directory of the run, and how many epochs it has, may be given.
let directory = CommandLine.arguments.dropFirst().first ?? "runs/survive"
let epochs = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 30

try withCommunicator { world in
  let model = Classifier()
  let reducer = model.averageGradients(over: world)
  let optimizer = AdamW(model.parameters(), learningRate: 3e-3)
  let batches = DataLoader(Digits(.train), batchSize: 64, shuffledBy: 7, shardedOver: world)
  let test = DataLoader(Digits(.test), batchSize: 355)

  let run = try Run(in: directory, over: world, saving: .every(steps: 20))
  run.keep(model)
  run.keep(optimizer)
  let samples = run.kept(0, as: "samples")  // a value of our own
  try run.begin()  // goes on from the newest checkpoint, if there is one

  for epoch in run.epochs(epochs) {
    model.train()
    for (images, labels) in run.rest(of: batches.epoch(epoch)) {
      optimizer.zeroGrad()
      crossEntropy(model(images), labels).backward()
      optimizer.step()
      samples.value += world.step.batch?.global ?? 0
      try run.stepped(["loss": .number(reducer.loss)])  // saves when due; stops on a signal
    }
    model.eval()
    for (images, labels) in test.epoch(0) {
      let accuracy = noGrad { Double(correctPredictions(model(images), labels)) / 355 }
      run.evaluated(["split": .text("test"), "accuracy": .number(accuracy)], score: accuracy)
    }
  }
  try run.finish()
  if world.isRoot {
    print("\(run.step) steps over \(samples.value) samples; best accuracy \(run.bestScore ?? 0)")
  }
}
