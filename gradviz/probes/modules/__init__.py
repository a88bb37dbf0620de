"""Probes of any `torch.nn.Module`: they look at modules and parameters, one by one."""
