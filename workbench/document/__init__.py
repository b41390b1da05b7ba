"""Documents.

markdown.py  Markdown as a tree, and the text in it
pdf.py       a PDF of it
latex.py     LaTeX of it
report.py    a report whose questions students answer: its answers and its files
"""
