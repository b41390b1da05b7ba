# %% [markdown]
# ## Hand in
#
# All tests once more, and what each row pays with the published inputs:

# %%
notebook.check()

# %% [markdown]
# Write your id between the quotes, run this cell, **save this notebook**, and run the cell again: what is packed is
# what was saved. (On Colab: *File, Download .ipynb*, and drag what comes into `student/` in the panel on the left,
# where it takes the place of the notebook that was not run.) The cell checks your files, packs them, and says where to
# upload.

# %%
ID = ""
notebook.pack(ID)
