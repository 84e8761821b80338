"""Writes the files of this folder: python3 make.py, with torch and safetensors. Weights are small integers."""
import argparse
import collections
import torch
from safetensors.torch import save_file

torch.manual_seed(0)
numbers = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) - 7.5

weights = collections.OrderedDict()
weights["plain.weight"] = numbers.clone()
weights["half.weight"] = numbers.half()
weights["brain.weight"] = numbers.bfloat16()
weights["double.weight"] = numbers.double() / 3
weights["counter"] = torch.tensor(1234567)
weights["permuted.weight"] = numbers.permute(2, 0, 1)  # not row-major
weights["part.weight"] = numbers[1, 1:]  # begins inside its storage
weights["parameter"] = torch.nn.Parameter(numbers[0].clone())
weights["flags"] = torch.tensor([True, False, True])
weights["empty"] = torch.zeros(0, 3)

torch.save(weights, "flat.pth")
torch.save(
    {"model": weights, "model_ema": {name: value + 1 if value.is_floating_point() else value for name, value in weights.items()},
     "epoch": 3, "args": argparse.Namespace(model="tiny", lr=1e-4, sizes=(1, 2)), "done": True, "nothing": None},
    "grouped.pth")
module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
for parameter in module.parameters(): parameter.data = torch.arange(parameter.numel(), dtype=torch.float32).reshape(parameter.shape)
torch.save(module.state_dict(), "module.pth")
torch.save(module.state_dict(), "old.pth", _use_new_zipfile_serialization=False)
save_file({name: value.contiguous().clone() for name, value in weights.items()}, "flat.safetensors", metadata={"format": "pt"})
