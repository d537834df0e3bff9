import Lockstep

final class Classifier: Module, Layer {
  let hidden: ModuleList = [Linear(64, 128), Linear(128, 64)]
  let head = Linear(64, 10)

  func forward(_ images: Tensor) -> Tensor {
    head(hidden.reduce(images.flattened(from: 1)) { x, layer in relu(layer(x)) })
  }
}

try withCommunicator { world in  // the ranks that mpirun started, or one process without it
  let model = Classifier()
  let reducer = model.averageGradients(over: world)  // rank 0's weights to all; backward() averages
  let optimizer = AdamW(model.parameters(), learningRate: 3e-3)
  let batches = DataLoader(Digits(.train), batchSize: 64, shuffledBy: 7, shardedOver: world)
  for epoch in 1...10 {
    for (images, labels) in batches.epoch(epoch) {
      optimizer.zeroGrad()
      crossEntropy(model(images), labels).backward()
      optimizer.step()
    }
    if world.isRoot { print("epoch \(epoch): loss of the last batch \(reducer.loss)") }
  }
  if world.isRoot { try model.save(to: "digits.safetensors") }
}
