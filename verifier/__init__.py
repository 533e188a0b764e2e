"""The questions: may I rely on this certificate now, given whom I trust?"""
