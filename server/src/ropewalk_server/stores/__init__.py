"""Where documents are kept: one contract (contract.py), several stores."""
