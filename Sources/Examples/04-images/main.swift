import Lockstep

/// A convolutional network for the digits, 8×8 pixels each.
final class ConvNet: Module, Layer {
  let conv1 = Conv2d(1, 16, kernel: 3, padding: 1, bias: false)
  let norm = BatchNorm2d(16)  // its running statistics are buffers: saved, but not trained
  let conv2 = Conv2d(16, 32, kernel: 3, padding: 1)
  let dropout = Dropout(probability: 0.25)
  let head = Linear(32 * 2 * 2, 10)

  func forward(_ digits: Tensor) -> Tensor {
    var x = digits.reshaped([-1, 1, 8, 8])
    x = maxPool2d(relu(norm(conv1(x))), kernel: 2)
    x = maxPool2d(relu(conv2(x)), kernel: 2)
    return head(dropout(x.flattened(from: 1)))
  }
}

try withCommunicator { world in
  let model = ConvNet()
  model.averageGradients(over: world)
  let batches = DataLoader(Digits(.train), batchSize: 64, shuffledBy: 7, shardedOver: world)
  let optimizer = SGD(model.parameters(), learningRate: 0.1, momentum: 0.9, nesterov: true)
  let epochs = 6
  let schedule = Schedule.cosine(from: 0.1, to: 0.001, over: epochs * batches.count)
    .warmedUp(for: 10)

  var step = 0
  for epoch in 1...epochs {
    model.train()  // batch statistics, dropout
    for (digits, labels) in batches.epoch(epoch) {
      optimizer.learningRate = schedule.rate(at: step)
      optimizer.zeroGrad()
      crossEntropy(model(digits), labels, labelSmoothing: 0.1).backward()
      optimizer.step()
      step += 1
    }

    model.eval()  // running statistics, no dropout
    var correct = 0.0
    noGrad {
      for (digits, labels) in DataLoader(Digits(.test), batchSize: 200, shardedOver: world).epoch(0)
      where labels.count > 0 {
        correct += Double(correctPredictions(model(digits), labels))
      }
    }
    correct = world.sum([correct])[0]  // every rank tested its share, every digit counts once
    if world.isRoot {
      print("epoch \(epoch): \(Int(correct)) of \(Digits(.test).count) digits are right")
    }
  }
}
