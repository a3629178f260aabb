"""Evaluates a directory of tables by the rules of SeBS's `process`, in plain Python.

Prints one line for each row of result.csv: its fields, then the mean and the sample standard deviation of
((client_send - server_rcv) + (client_rcv - server_send)) / 2 over the rows of both files of that request,
joined line by line, and the invocation time with SeBS's plus sign. Lines that only one of the files has do not count.
"""

import csv
import pathlib
import statistics
import sys

directory = pathlib.Path(sys.argv[1])
requests = {}
for path in directory.glob("*.csv"):
    if path.name in ("result.csv", "result-processed.csv"):
        continue
    request = path.name.split("-", 1)[1].split(".")[0]
    with path.open() as file:
        for number, row in enumerate(csv.DictReader(file)):
            del row["id"]
            fields = {name: float(value) for name, value in row.items()}
            requests.setdefault(request, {}).setdefault(number, {}).update(fields)

writer = csv.writer(sys.stdout, lineterminator="\n")
with (directory / "result.csv").open() as file:
    for row in list(csv.reader(file))[1:]:
        drifts = [
            ((r["client_send"] - r["server_rcv"]) + (r["client_rcv"] - r["server_send"])) / 2
            for r in requests.get(row[-1], {}).values()
            if len(r) == 4
        ]
        mean = statistics.fmean(drifts) if drifts else float("nan")
        deviation = statistics.stdev(drifts) if len(drifts) > 1 else float("nan")
        writer.writerow(row + [mean, deviation, float(row[5]) - float(row[4]) - float(row[3]) + mean])
