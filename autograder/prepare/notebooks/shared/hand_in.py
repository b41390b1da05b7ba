# %% [markdown]
# ## Hand in
#
# Run all tests once more, and see what each row earns with the published inputs:

# %%
notebook.check()

# %% [markdown]
# Write your id between the quotes, run this cell, **save this notebook**, and run the cell again, because the saved
# notebook is packed. (On Colab: choose *File, Download .ipynb*, and drag the downloaded file into `student/` in the
# panel on the left, where it replaces the notebook that was not run.) The cell checks your files, packs them, and says
# where to upload the zip.

# %%
ID = ""
notebook.pack(ID)
