"""Uploads a file to bench/model with Python's huggingface_hub, or downloads it: python-client.py upload|download <file>."""

import resource
import sys

from huggingface_hub import HfApi, hf_hub_download

api = HfApi()
if sys.argv[1] == "upload":
    parent = api.model_info("bench/model").sha
    api.upload_file(repo_id="bench/model", path_or_fileobj=sys.argv[2], path_in_repo="model.gguf", parent_commit=parent)
else:
    hf_hub_download("bench/model", "model.gguf")
usage = resource.getrusage(resource.RUSAGE_SELF)
print()
print(usage.ru_utime + usage.ru_stime)
